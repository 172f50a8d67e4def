package post

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// A Held says what a restore left out or ended, and what it did again.
type Held struct {
	// End is when the backup was whole: nothing older is sent.
	End time.Time
	// Waiting messages became dead letters; Replies on their way became
	// undeliverable.
	Waiting, Replies int
	// Sessions, tokens and leases were dropped.
	Dropped int
	// Again counts the speakers whose later deletion was done again, Erased the
	// values it took.
	Again, Erased int
}

// RestoredKey, in the scope sys, tells that the store came from a backup: who
// sends by the calendar must hold what is due before Restored.End and ask.
const RestoredKey = "restored"

// Restored is the value of [RestoredKey].
type Restored struct {
	At  time.Time `json:"at"`
	End time.Time `json:"end"`
}

// Restore copies a dump into another that may be loaded into a store that starts
// held: nothing that waited in it is answered or sent, nobody is logged in, and
// the deletions of later are done again. dump opens the dump, again and again.
func Restore(dump func() (io.ReadCloser, error), forgotten []Forgotten, now time.Time, to io.Writer) (Held, error) {
	r := restorer{drop: map[string]bool{}, numbers: map[string]bool{}, waiting: map[string]int64{}, sending: map[string]int64{}}
	for _, pass := range []func(store.Entry) error{r.survey, r.find(forgotten)} {
		if _, err := eachEntry(dump, pass); err != nil {
			return Held{}, err
		}
	}
	w, err := store.WriteDump(to)
	if err != nil {
		return Held{}, err
	}
	r.out = w
	end, err := eachEntry(dump, r.copy)
	if err != nil {
		return Held{}, err
	}
	r.held.End = end.At
	mark, err := json.Marshal(Restored{now, end.At})
	if err == nil {
		err = w.Write(store.Entry{Scope: "sys", Key: RestoredKey, Value: mark})
	}
	return r.held, errors.Join(err, w.Close(end.At))
}

// eachEntry calls fn for every entry of a dump.
func eachEntry(dump func() (io.ReadCloser, error), fn func(store.Entry) error) (store.End, error) {
	in, err := dump()
	if err != nil {
		return store.End{}, err
	}
	defer in.Close()
	d, err := store.ReadDump(in)
	if err != nil {
		return store.End{}, err
	}
	for {
		e, err := d.Next()
		if errors.Is(err, io.EOF) {
			return d.End(), nil
		}
		if err != nil {
			return store.End{}, err
		}
		if err := fn(e); err != nil {
			return store.End{}, err
		}
	}
}

// A restorer knows what of a dump must not come back.
type restorer struct {
	key              []byte
	drop             map[string]bool // scope and key, deleted later
	numbers          map[string]bool // of answers that were deleted later
	waiting, sending map[string]int64
	held             Held
	out              *store.DumpWriter
}

func inShard(e store.Entry) bool { return strings.HasPrefix(e.Scope, "in/") }

// survey finds the key of deletions and counts what is under way.
func (r *restorer) survey(e store.Entry) error {
	switch {
	case e.Scope == "sys" && e.Key == forgetKeyName:
		r.key = e.Value
	case inShard(e) && strings.HasPrefix(e.Key, "msg/"):
		r.waiting[e.Scope]++
	case inShard(e) && strings.HasPrefix(e.Key, "ans/"):
		var a Answer
		if err := json.Unmarshal(e.Value, &a); err != nil {
			return fmt.Errorf("an answer in the backup is unreadable: %w", err)
		}
		if a.Kind == Ordinary && (a.State == Queued || a.State == Uncertain) {
			r.sending[e.Scope]++
		}
	}
	return nil
}

// find collects what the deletions of later take.
func (r *restorer) find(forgotten []Forgotten) func(store.Entry) error {
	until := map[string]time.Time{}
	for _, f := range forgotten {
		if f.At.After(until[f.Speaker]) {
			until[f.Speaker] = f.At
		}
	}
	last, lastUntil := "", time.Time{} // of the speaker before, whose members stand together
	seen := map[string]bool{}
	return func(e store.Entry) error {
		speaker, ok := strings.CutPrefix(e.Set, "mine/")
		if !ok || !inShard(e) || r.key == nil {
			return nil
		}
		if speaker != last {
			last, lastUntil = speaker, until[keyed(r.key, speaker)]
		}
		if e.Score > score(lastUntil) || lastUntil.IsZero() {
			return nil
		}
		if !seen[speaker] {
			seen[speaker] = true
			r.held.Again++
			r.drop[e.Scope+" "+tidySet+" "+speaker] = true
		}
		r.held.Erased++
		r.drop[e.Scope+" "+e.Member] = true
		r.drop[e.Scope+" mine/"+speaker+" "+e.Member] = true
		if number, ok := strings.CutPrefix(e.Member, "ans/"); ok {
			r.numbers[number] = true
			r.drop[e.Scope+" entry/"+number], r.drop[e.Scope+" rate/"+number] = true, true
		}
		return nil
	}
}

// dropped are the beginnings of keys that no restore brings back.
var dropped = map[bool][]string{
	true:  {"lease/", "out/", "sess/", "by/", "busy/", "kf/lease/"},       // of a shard
	false: {"lease/", "token/", "signin/", "kf/poke/", "schema", "ready"}, // elsewhere
}

// copy writes what comes back of an entry.
func (r *restorer) copy(e store.Entry) error {
	if r.drop[e.Scope+" "+e.Key] && e.Set == "" || r.drop[e.Scope+" "+e.Set+" "+e.Member] {
		return nil
	}
	for _, p := range dropped[inShard(e)] {
		if e.Set == "" && strings.HasPrefix(e.Key, p) {
			r.held.Dropped++
			return nil
		}
	}
	switch {
	case strings.HasPrefix(e.Scope, "log/"):
		if r.numbers[e.Key] || r.numbers[e.Member] {
			return nil
		}
	case inShard(e) && e.Set != "":
		if e.Set == readySet || e.Set == staffSet || e.Set == sendSet || strings.HasPrefix(e.Set, "wait/") || strings.HasPrefix(e.Member, "sess/") {
			return nil
		}
		if e.Set == deadSet && r.drop[e.Scope+" "+e.Member] {
			return nil
		}
	case inShard(e) && strings.HasPrefix(e.Key, "msg/"):
		return r.endWaiting(e)
	case inShard(e) && strings.HasPrefix(e.Key, "ans/"):
		return r.endSending(e)
	case inShard(e) && e.Key == statsKey:
		var s Stats
		if err := json.Unmarshal(e.Value, &s); err != nil {
			return fmt.Errorf("the counts in the backup are unreadable: %w", err)
		}
		waiting, sending := r.waiting[e.Scope], r.sending[e.Scope]
		s.add(Stats{Waiting: -waiting, Dead: waiting, Sending: -sending, Undeliverable: sending})
		return r.write(e, s)
	}
	return r.out.Write(e)
}

// write writes an entry with another value.
func (r *restorer) write(e store.Entry, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	e.Value = data
	return r.out.Write(e)
}

// endWaiting turns a message that waited into a dead letter.
func (r *restorer) endWaiting(e store.Entry) error {
	var l letter
	if err := json.Unmarshal(e.Value, &l); err != nil {
		return fmt.Errorf("a message in the backup is unreadable: %w", err)
	}
	r.held.Waiting++
	l.Reason = "restored"
	id, at := deadKey(l.Message.ID), score(l.Arrived)
	return errors.Join(
		r.write(store.Entry{Scope: e.Scope, Key: id, Expires: l.Arrived.Add(deadTime).UnixMilli()}, l),
		r.out.Write(store.Entry{Scope: e.Scope, Set: deadSet, Member: id, Score: at}),
		r.out.Write(store.Entry{Scope: e.Scope, Set: mineSet(speakerOf(l.Message)), Member: id, Score: at}),
	)
}

// endSending ends a reply that was on its way.
func (r *restorer) endSending(e store.Entry) error {
	var a Answer
	if err := json.Unmarshal(e.Value, &a); err != nil {
		return fmt.Errorf("an answer in the backup is unreadable: %w", err)
	}
	if a.State == Queued || a.State == Uncertain {
		r.held.Replies++
		a.State, a.Reason, a.To = Undeliverable, "restored", bot.Address{}
		return r.write(e, a)
	}
	return r.out.Write(e)
}
