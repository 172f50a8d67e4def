package post

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// zone is the civil time of days and months in the log.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// An Entry of the question log says how one question was answered. Who is a
// pseudonym of the year; Words are masked and may be left out.
type Entry struct {
	At        time.Time   `json:"at"`
	Channel   string      `json:"channel"`
	User      bot.User    `json:"user"`
	Who       string      `json:"who,omitempty"`
	Status    bot.Status  `json:"status"`
	Citations []string    `json:"citations"`
	Scores    []bot.Score `json:"scores,omitempty"`
	Version   string      `json:"version"`
	Words     string      `json:"words,omitempty"`
	Millis    int64       `json:"ms,omitempty"` // from acceptance to answer
	// Rating is what the person thought of the answer, nil when he did not say.
	Rating *Rating `json:"rating,omitempty"`
	// Number is that of the answer.
	Number string `json:"-"`
	// Keep is how long the entry is kept.
	Keep time.Duration `json:"keep,omitempty"`
}

// The keys of a month, scope log/2026-11:
//
//	<number>     an entry
//	day/<date>   set: numbers by time
//	count/<date> what the day's entries add up to
func monthOf(at time.Time) string    { return "log/" + at.In(zone).Format("2006-01") }
func dayOf(at time.Time) string      { return at.In(zone).Format(time.DateOnly) }
func daySet(day string) string       { return "day/" + day }
func countKey(day string) string     { return "count/" + day }
func startOf(at time.Time) time.Time { return dayStart(at.In(zone)) }

func dayStart(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

const (
	// countTime is how long a day's counts are kept; they name nobody.
	countTime = 3 * 366 * 24 * time.Hour
	moveBatch = 100
	maxDays   = 800    // of one question to the log
	maxScan   = 20_000 // entries looked at for misses
)

// A Day is what the entries of a day add up to. Deleting an entry leaves it.
type Day struct {
	Day      string         `json:"day"`
	Total    int            `json:"total"`
	Status   map[string]int `json:"status"`
	Measures map[string]int `json:"measures"`
	Asked    map[string]int `json:"asked,omitempty"` // measures that residents asked about
	Channels map[string]int `json:"channels"`
	Users    map[string]int `json:"users"`
	Up       int            `json:"up"`
	Down     int            `json:"down"`
}

func newDay(day string) Day {
	return Day{Day: day, Status: map[string]int{}, Measures: map[string]int{}, Channels: map[string]int{}, Users: map[string]int{}}
}

func (d *Day) add(e Entry) {
	d.Total++
	d.Status[string(e.Status)]++
	d.Channels[e.Channel]++
	d.Users[string(e.User)]++
	for _, c := range e.Citations {
		d.Measures[c]++
		if e.User == bot.Resident {
			if d.Asked == nil {
				d.Asked = map[string]int{}
			}
			d.Asked[c]++
		}
	}
}

func (d *Day) rate(r *Rating, sign int) {
	switch {
	case r == nil:
	case r.Up:
		d.Up += sign
	default:
		d.Down += sign
	}
}

// A move is an entry on its way from a shard to its month.
type move struct {
	number string
	gone   bool // deleted at the person's wish
	entry  *Entry
	rating *Rating
	rated  []byte    // the rating as it stood in the shard
	at     time.Time // of the answer
}

// moveLog takes entries and ratings of a shard to their months, some at a time,
// and takes out what was deleted. Doing it twice changes nothing.
func (b *Box) moveLog(ctx context.Context, shard int) (bool, error) {
	moves, err := store.View(ctx, b.store, scopeNamed(shard), readMoves)
	if err != nil || len(moves) == 0 {
		return false, err
	}
	var gone []string
	months := map[string][]move{}
	for _, m := range moves {
		if m.gone {
			gone = append(gone, m.number)
			continue
		}
		months[monthOf(m.at)] = append(months[monthOf(m.at)], m)
	}
	for month, ms := range months {
		if err := b.store.Update(ctx, month, func(tx store.Tx) error { return record(tx, ms) }); err != nil {
			return false, fmt.Errorf("write the question log: %w", err)
		}
	}
	if err := b.unrecord(ctx, gone); err != nil {
		return false, err
	}
	err = b.store.Update(ctx, scopeNamed(shard), func(tx store.Tx) error {
		for _, m := range moves {
			now, err := store.GetMany(tx, []string{answerKey(m.number), rateKey(m.number)})
			if err != nil {
				return err
			}
			if !m.gone && now[0] == nil {
				continue // deleted meanwhile: the next round takes it out
			}
			if !m.gone && !bytes.Equal(now[1], m.rated) {
				if err := tx.Del(entryKey(m.number)); err != nil {
					return err
				}
				continue // rated meanwhile: the next round takes the rating
			}
			if err := errors.Join(tx.Rem(logSet, m.number), tx.Del(entryKey(m.number)), tx.Del(rateKey(m.number))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("write the question log: %w", err)
	}
	return true, nil
}

func readMoves(tx store.Tx) ([]move, error) {
	found, err := tx.Range(logSet, 0, forever, moveBatch)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	keys := make([]string, 0, 3*len(found))
	for _, m := range found {
		keys = append(keys, answerKey(m.Name), entryKey(m.Name), rateKey(m.Name))
	}
	values, err := store.GetMany(tx, keys)
	if err != nil {
		return nil, err
	}
	var out []move
	for i, f := range found {
		m := move{number: f.Name}
		answer, entry, rating := values[3*i], values[3*i+1], values[3*i+2]
		if m.gone = answer == nil; !m.gone {
			var a struct {
				At time.Time `json:"at"`
			}
			err := json.Unmarshal(answer, &a)
			m.at = a.At
			if entry != nil {
				m.entry = new(Entry)
				err = errors.Join(err, json.Unmarshal(entry, m.entry))
			}
			if rating != nil {
				m.rating, m.rated = new(Rating), rating
				err = errors.Join(err, json.Unmarshal(rating, m.rating))
			}
			if err != nil {
				return nil, fmt.Errorf("post: an entry on its way is unreadable: %w", err)
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// record writes moves into their month. What is there already was written by a
// run that did not come to its end: only the rating may be new.
func record(tx store.Tx, moves []move) error {
	days := map[string]*Day{}
	for _, m := range moves {
		day := dayOf(m.at)
		if days[day] == nil {
			d := newDay(day)
			if _, err := getJSON(tx, countKey(day), &d); err != nil {
				return err
			}
			days[day] = &d
		}
		var e Entry
		there, err := getJSON(tx, m.number, &e)
		if err != nil {
			return err
		}
		if !there {
			if m.entry == nil {
				continue // rated, but no log is kept
			}
			e = *m.entry
			days[day].add(e)
		}
		if m.rating != nil {
			days[day].rate(e.Rating, -1)
			days[day].rate(m.rating, 1)
			e.Rating = m.rating
		}
		left := m.at.Add(e.Keep).Sub(tx.Now())
		if left <= 0 {
			continue
		}
		if err := errors.Join(putJSON(tx, m.number, e, left), tx.Add(daySet(day), m.number, score(m.at))); err != nil {
			return err
		}
	}
	for day, d := range days {
		if err := putJSON(tx, countKey(day), d, countTime); err != nil {
			return err
		}
	}
	return nil
}

// unrecord takes entries of answers out, whatever month they are of.
func (b *Box) unrecord(ctx context.Context, numbers []string) error {
	if len(numbers) == 0 {
		return nil
	}
	months, err := b.store.Scopes(ctx, "log")
	for _, month := range months {
		err = errors.Join(err, b.store.Update(ctx, month, func(tx store.Tx) error {
			for _, n := range numbers {
				var e Entry
				if ok, err := getJSON(tx, n, &e); err != nil || !ok {
					if err != nil {
						return err
					}
					continue
				}
				if err := errors.Join(tx.Del(n), tx.Rem(daySet(dayOf(e.At)), n)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	if err != nil {
		return fmt.Errorf("take entries out of the question log: %w", err)
	}
	return nil
}

// days lists the days of a span, the first and the last included.
func days(from, to time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for d, n := startOf(from), 0; !d.After(to) && n < maxDays; d, n = d.AddDate(0, 0, 1), n+1 {
			if !yield(d) {
				return
			}
		}
	}
}

// Entries lists the entries of a span by time, the newest first, at most limit.
func (b *Box) Entries(ctx context.Context, from, to time.Time, limit int) ([]Entry, error) {
	out := []Entry{}
	all := slices.Collect(days(from, to))
	for _, day := range slices.Backward(all) {
		found, err := store.View(ctx, b.store, monthOf(day), func(tx store.Tx) ([]Entry, error) { return readDay(tx, dayOf(day), from, to) })
		if err != nil {
			return nil, fmt.Errorf("read the question log: %w", err)
		}
		slices.Reverse(found)
		out = append(out, found...)
		if len(out) >= limit {
			return out[:limit], nil
		}
	}
	return out, nil
}

// readDay reads the newest entries of a day, by time.
func readDay(tx store.Tx, day string, from, to time.Time) ([]Entry, error) {
	found, err := tx.Range(daySet(day), score(from), score(to), store.MaxRange)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(found))
	for i, m := range found {
		keys[i] = m.Name
	}
	values, err := store.GetMany(tx, keys)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for i, v := range values {
		if v == nil {
			continue // expired
		}
		e := Entry{}
		if err := json.Unmarshal(v, &e); err != nil {
			return nil, fmt.Errorf("post: an entry of %s is unreadable: %w", day, err)
		}
		e.Number = keys[i]
		out = append(out, e)
	}
	return out, nil
}

// Days counts the entries of each day of a span, the first first; days without
// any are left out.
func (b *Box) Days(ctx context.Context, from, to time.Time) ([]Day, error) {
	months := map[string][]string{}
	for d := range days(from, to) {
		months[monthOf(d)] = append(months[monthOf(d)], dayOf(d))
	}
	out := []Day{}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		keys := []string{}
		for _, d := range months[month] {
			keys = append(keys, countKey(d))
		}
		values, err := store.View(ctx, b.store, month, func(tx store.Tx) ([][]byte, error) { return store.GetMany(tx, keys) })
		if err != nil {
			return nil, fmt.Errorf("count the question log: %w", err)
		}
		for i, v := range values {
			if v == nil {
				continue
			}
			d := newDay(months[month][i])
			if err := json.Unmarshal(v, &d); err != nil {
				return nil, fmt.Errorf("post: the counts of %s are unreadable: %w", d.Day, err)
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// A Miss is a question that the published state did not answer, or whose answer
// was thought bad, with how often it was asked.
type Miss struct {
	Text     string     `json:"text"` // as it was asked last, masked
	Status   bot.Status `json:"status"`
	Count    int        `json:"count"`
	People   int        `json:"people"` // who asked it, as far as is known
	Down     int        `json:"down"`
	Last     time.Time  `json:"last"`
	Measures []string   `json:"measures"`
	Numbers  []string   `json:"numbers"` // of its newest answers, a few
}

const maxMissNumbers = 5

// isMiss reports whether an entry tells of something to mend. An error is none:
// the system was at fault, not what it knows.
func (e Entry) isMiss() bool {
	switch e.Status {
	case bot.NotCovered, bot.OutOfScope, bot.Clarification:
		return true
	case bot.Failed:
		return false
	}
	return e.Rating != nil && !e.Rating.Up
}

// Misses groups the misses of a span by what fold makes of their words, the most
// frequent first, at most limit. It looks at the newest 20,000 entries.
func (b *Box) Misses(ctx context.Context, from, to time.Time, fold func(string) string, limit int) ([]Miss, error) {
	entries, err := b.Entries(ctx, from, to, maxScan)
	if err != nil {
		return nil, err
	}
	groups := map[string]*Miss{}
	people := map[string]map[string]bool{}
	for _, e := range entries { // the newest first
		if !e.isMiss() || e.Words == "" {
			continue
		}
		key := fold(e.Words)
		m := groups[key]
		if m == nil {
			m = &Miss{Text: e.Words, Status: e.Status, Last: e.At, Measures: []string{}, Numbers: []string{}}
			groups[key], people[key] = m, map[string]bool{}
		}
		m.Count++
		if e.Rating != nil && !e.Rating.Up {
			m.Down++
		}
		if e.Who != "" {
			people[key][e.Who] = true
		}
		for _, c := range e.Citations {
			if !slices.Contains(m.Measures, c) && len(m.Measures) < maxMissNumbers {
				m.Measures = append(m.Measures, c)
			}
		}
		if len(m.Numbers) < maxMissNumbers {
			m.Numbers = append(m.Numbers, e.Number)
		}
	}
	out := []Miss{}
	for key, m := range groups {
		m.People = len(people[key])
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Miss) int {
		return cmp.Or(b.Count-a.Count, b.Last.Compare(a.Last), strings.Compare(a.Text, b.Text))
	})
	return out[:min(limit, len(out))], nil
}
