#!/bin/sh
# What a change of the policies has to pass: run it from your CI, with `polc` on the path.
set -eu
cd "$(dirname "$0")"

# The tests that stand beside the rules.
polc test

# A good manifest passes, a bad one is found (exit code 1).
polc check examples/good.yaml
status=0
polc check examples/bad.yaml || status=$?
[ "$status" -eq 1 ]

# What is committed under dist/ is what the policies say.
polc build --check
