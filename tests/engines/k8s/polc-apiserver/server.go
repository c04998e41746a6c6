package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/util/keyutil"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// readyWithin is how long the API server may take until it answers.
const readyWithin = 2 * time.Minute

type server struct {
	folder string
	url    string
	token  string
	client *http.Client
	// audit is the file of audit events, and rest what is read of it beyond the last whole line.
	audit  *os.File
	rest   []byte
	failed chan error
}

func newServer(folder string) *server {
	return &server{folder: folder, failed: make(chan error, 1)}
}

func (s *server) path(name string) string { return filepath.Join(s.folder, name) }

// start starts etcd and the API server, and returns when the latter is ready.
func (s *server) start(ctx context.Context) error {
	etcd, err := s.startEtcd()
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	s.token = hex.EncodeToString(secret)
	key, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"tokens.csv": []byte(s.token + ",polc,polc,\"system:masters\"\n"),
		"key.pem":    key,
		"audit.yaml": []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: Metadata\n"),
		"audit.log":  nil,
	} {
		if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	s.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	arguments := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--cert-dir=" + s.path("certs"),
		"--token-auth-file=" + s.path("tokens.csv"),
		"--authorization-mode=AlwaysAllow",
		"--anonymous-auth=false",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + s.path("key.pem"),
		"--service-account-signing-key-file=" + s.path("key.pem"),
		"--service-cluster-ip-range=10.0.0.0/16",
		// Otherwise privileged Pods are refused before any policy sees them.
		"--allow-privileged=true",
		// No controller makes the ServiceAccounts that it asks for.
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--audit-policy-file=" + s.path("audit.yaml"),
		"--audit-log-path=" + s.path("audit.log"),
		"--audit-log-mode=blocking",
		"--profiling=false",
	}
	run := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range run.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	run.SecureServing.Listener = listener
	run.SecureServing.BindPort = port
	log, err := os.Create(s.path("apiserver.log"))
	if err != nil {
		return err
	}
	klog.LogToStderr(false)
	klog.SetOutput(log)
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	if err := run.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	completed, err := run.Complete(ctx)
	if err != nil {
		return err
	}
	if problems := completed.Validate(); len(problems) > 0 {
		return errors.Join(problems...)
	}
	go func() {
		err := app.Run(ctx, completed)
		if err == nil {
			err = errors.New("without a reason")
		}
		s.failed <- err
	}()
	if s.audit, err = os.Open(s.path("audit.log")); err != nil {
		return err
	}
	return s.wait(ctx)
}

// startEtcd gives the URL of an etcd of one member.
func (s *server) startEtcd() (string, error) {
	config := embed.NewConfig()
	config.Dir = s.path("etcd")
	config.LogLevel = "error"
	config.LogOutputs = []string{s.path("etcd.log")}
	config.UnsafeNoFsync = true
	any := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls = []url.URL{any}
	config.AdvertiseClientUrls = []url.URL{any}
	config.ListenPeerUrls = []url.URL{any}
	config.AdvertisePeerUrls = []url.URL{any}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return "", err
	case <-time.After(readyWithin):
		return "", errors.New("not ready in time")
	}
	return "http://" + etcd.Clients[0].Addr().String(), nil
}

// wait returns when the API server says that it is ready.
func (s *server) wait(ctx context.Context) error {
	deadline := time.Now().Add(readyWithin)
	for {
		select {
		case err := <-s.failed:
			return err
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.New("the API server is not ready in time")
		}
		if s.client == nil {
			certificate, err := os.ReadFile(s.path("certs/apiserver.crt"))
			if err != nil {
				continue
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(certificate) {
				continue
			}
			s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
		}
		var reply answer
		if err := s.ask(ctx, &request{Path: "/readyz"}, &reply); err == nil && reply.Status == http.StatusOK {
			return nil
		}
	}
}
