package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/store/storetest"
)

// TestKilledBetweenCallbacks kills the service while callbacks come three times
// each: whatever was acknowledged is answered, and nobody reads an answer twice,
// also when every callback comes again afterwards. The platform's own record,
// which survives, is the judge. With HUIWEN_SOAK it is killed in the middle of its
// work too; then the leases of the killed must run out, a minute each.
func TestKilledBetweenCallbacks(t *testing.T) {
	s := play(t)
	s.stop() // the stage's own service; a child that can be killed takes its place
	s.began = time.Now()
	s.wound.Store(int64(time.Since(time.Date(2022, 9, 15, 6, 0, 0, 0, time.UTC)))) // the child's clock is the machine's
	child := s.child()
	kill := func() { child.Process.Kill(); child.Wait() } // SIGKILL: nothing is tidied up
	defer func() { kill() }()
	soak := os.Getenv("HUIWEN_SOAK") != ""
	const people = 12
	var all []func()
	for i := range people {
		member := s.platform.TextEvent("desk", fmt.Sprint("m", i), fmt.Sprintf("第%d项", i+1))
		s.platform.CustomerSays("kf1", fmt.Sprint("c", i), fmt.Sprintf("第%d项", i+1))
		poke := s.platform.PokeEvent("kf1")
		push := func() { s.insist("desk", member); s.insist("kf", poke) }
		push()
		all = append(all, push)
		if soak && i%4 == 3 {
			kill()
			child = s.child()
		}
	}
	s.answeredOnce(people)
	kill()
	child = s.child()
	for _, push := range all {
		push()
	}
	s.platform.CustomerSays("kf1", "last", "第1项")
	s.insist("kf", s.platform.PokeEvent("kf1"))
	s.answeredOnce(people)
	for deadline := time.Now().Add(time.Minute); len(s.shownTo("kf1/last")) == 0; { // the lease of the killed
		if time.Now().After(deadline) {
			t.Fatalf("what comes after a kill is not answered:\n%s", s.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// insist sends a callback three times, until one is acknowledged.
func (s *stage) insist(app, plain string) {
	s.t.Helper()
	for range 20 {
		if s.platform.PushWith(context.Background(), app, plain, qyapi.Trick{Times: 3}).OK() {
			return
		}
	}
	s.t.Fatalf("a callback of %s was never acknowledged:\n%s", app, s.log)
}

// answeredOnce waits until everybody is answered, and nobody twice.
func (s *stage) answeredOnce(people int) {
	s.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for i := range people {
		for _, who := range []string{fmt.Sprint("desk/m", i), fmt.Sprint("kf1/c", i)} {
			for len(s.shownTo(who)) == 0 {
				if time.Now().After(deadline) {
					s.t.Fatalf("%s was acknowledged and is not answered:\n%s", who, s.log)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if got := s.shownTo(who); len(got) != 1 {
				s.t.Errorf("%s was shown %d answers", who, len(got))
			}
		}
	}
}

// child runs the service in a process of its own over the stage's data.
func (s *stage) child() *exec.Cmd {
	s.t.Helper()
	listen, internal := storetest.FreeAddress(s.t), storetest.FreeAddress(s.t)
	cmd := exec.Command(os.Args[0], "serve", "--listen", listen, "--internal", internal)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "HUIWEN_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, s.env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.platform.Connect("http://" + listen)
	deadline := time.Now().Add(time.Minute)
	for {
		resp, err := http.Get("http://" + internal + "/healthz")
		if err == nil {
			resp.Body.Close()
			return cmd
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the child does not answer:\n%s", s.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
