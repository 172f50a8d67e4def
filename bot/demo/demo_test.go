package demo

import (
	"testing"
	"time"
)

func TestWindingStopsThreeTimesADay(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for from, want := range map[string]string{
		"2022-06-10 08:50": "2022-06-10 09:05",
		"2022-06-10 09:05": "2022-06-10 09:40",
		"2022-06-10 09:41": "2022-06-10 15:05",
		"2022-12-31 23:59": "2023-01-01 09:05",
	} {
		if got := nextStop(at(from).UTC()); !got.Equal(at(want)) {
			t.Errorf("after %s: %s, want %s", from, got.Format(time.DateTime), want)
		}
	}
}

func TestOnlyNamesOfThisMachine(t *testing.T) {
	for host, want := range map[string]bool{"127.0.0.1:8088": true, "localhost:1": true, "[::1]:1": true, "localhost": true, "evil.example:8088": false, "127.0.0.1.evil.example": false, "10.0.0.1:1": false, "": false} {
		if got := isLocal(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestTidyUndoesMarkdown(t *testing.T) {
	if got, want := tidy("一  \n二  \n1. 三\n\n编号 00-A"), "一\n二\n1. 三\n编号 00-A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
