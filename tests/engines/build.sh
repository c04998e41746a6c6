#!/usr/bin/env bash
# Builds the engines that judge emitted policies: ./build.sh [OUT] [engine...]
#
# OUT is `bin` beside this file unless given; engines are opa, conftest, gator, kyverno, k8s, kustomize (all unless named).
# An engine whose pins and sources have not changed since it was built into OUT is left alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "${1:-$here/bin}")
cd "$here"
if [ $# -gt 0 ]; then shift; fi
engines=("$@")
if [ ${#engines[@]} -eq 0 ]; then engines=(opa conftest gator kyverno k8s kustomize); fi

if ! command -v go > /dev/null; then
	echo "the engines are Go programs: install Go 1.26 or newer (https://go.dev/dl/), then run this again" >&2
	exit 1
fi
version=$(go env GOVERSION)
minor=${version#go1.}
minor=${minor%%[!0-9]*}
if [[ $version != go1.* ]] || [ "${minor:-0}" -lt 26 ]; then
	echo "the engines need Go 1.26 or newer, and \`go\` here is ${version:-unknown}" >&2
	exit 1
fi

# The environment's own build flags would make other binaries than the pins say.
export GOFLAGS= GOWORK=off
mkdir -p "$out/.stamps"

# The files that decide what an engine's binaries are.
inputs() {
	case $1 in
		conftest | gator) printf '%s\0' "$1/go.mod" "$1/go.sum" && find lines opa/polc-opa "$1" -name '*.go' -print0 | sort -z ;;
		*) printf '%s\0' "$1/go.mod" "$1/go.sum" && find lines "$1" -name '*.go' -print0 | sort -z ;;
	esac
	printf 'build.sh\0'
}

# The binaries that an engine consists of.
binaries() {
	case $1 in
		opa) echo opa polc-opa ;;
		conftest) echo conftest polc-opa-1.21 ;;
		gator) echo gator polc-gator polc-gator-mutate polc-opa-1.17 ;;
		kyverno) echo kyverno polc-kyverno polc-kyverno-change ;;
		k8s) (cd k8s && for main in */main.go; do dirname "$main"; done) ;;
		kustomize) echo kustomize ;;
		*) return 1 ;;
	esac
}

build() {
	local go=(go build -buildvcs=false -ldflags '-s -w')
	case $1 in
		opa) (cd opa && "${go[@]}" -o "$out/opa" github.com/open-policy-agent/opa && "${go[@]}" -o "$out/polc-opa" ./polc-opa) ;;
		# The same driver in the dependencies of conftest and of gator, so that it holds their OPA.
		conftest)
			(cd conftest && "${go[@]}" -o "$out/conftest" github.com/open-policy-agent/conftest)
			(cd opa && "${go[@]}" -modfile=../conftest/go.mod -o "$out/polc-opa-1.21" ./polc-opa)
			;;
		gator)
			(cd gator && "${go[@]}" -o "$out/gator" github.com/open-policy-agent/gatekeeper/v3/cmd/gator && "${go[@]}" -o "$out/polc-gator" ./polc-gator && "${go[@]}" -o "$out/polc-gator-mutate" ./polc-gator-mutate)
			(cd opa && "${go[@]}" -modfile=../gator/go.mod -o "$out/polc-opa-1.17" ./polc-opa)
			;;
		kyverno) (cd kyverno && "${go[@]}" -o "$out/kyverno" github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno && "${go[@]}" -o "$out/polc-kyverno" ./polc-kyverno && "${go[@]}" -o "$out/polc-kyverno-change" ./polc-kyverno-change) ;;
		kustomize) (cd kustomize && "${go[@]}" -o "$out/kustomize" sigs.k8s.io/kustomize/kustomize/v5) ;;
		k8s)
			# The API server has its version from the linker.
			(
				cd k8s
				go=(go build -buildvcs=false -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)")
				for main in */main.go; do "${go[@]}" -o "$out/$(dirname "$main")" "./$(dirname "$main")"; done
			)
			;;
	esac
}

for engine in "${engines[@]}"; do
	if ! names=$(binaries "$engine"); then
		echo "unknown engine \`$engine\`: one of opa, conftest, gator, kyverno, k8s, kustomize" >&2
		exit 2
	fi
	stamp=$out/.stamps/$engine
	want=$({ echo "$version"; inputs "$engine" | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1)
	present=yes
	for name in $names; do [ -x "$out/$name" ] || present=no; done
	if [ "$present" = yes ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
		echo "$engine: unchanged"
		continue
	fi
	rm -f "$stamp"
	SECONDS=0
	build "$engine"
	echo "$want" > "$stamp"
	echo "$engine: built $(echo $names) in ${SECONDS} s"
done
