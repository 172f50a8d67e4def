package handlers

import (
	"encoding/json"
	"time"

	"huiwen/bot"
)

// forgetAfter is how long a topic is kept while the person is silent.
const forgetAfter = 30 * time.Minute

// A session is what is remembered of a conversation between two messages. Its
// JSON is stored; field names never change.
type session struct {
	// Measure and Intent are what was answered last; Text is what was asked.
	Measure string    `json:"measure,omitempty"`
	Intent  string    `json:"intent,omitempty"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Tale is what the person has told of themselves in words, whatever was answered.
	Tale    string       `json:"tale,omitempty"`
	Choices []bot.Choice `json:"choices,omitempty"`
	// Scanned opens the cards of the programmes that were listed last; a page shows
	// them all, a message only the first.
	Scanned []bot.Choice `json:"scanned,omitempty"`
	Story   string       `json:"story,omitempty"` // what they were judged by
	// Dialogue is the eligibility talk that goes on, nil for none.
	Dialogue *dialogue `json:"dialogue,omitempty"`
	// Draft is an act on a duty that lacks a word yet, nil for none.
	Draft *draft `json:"draft,omitempty"`
	// Plan is the content that measures are numbered by; after it has changed they
	// mean others.
	Plan string `json:"plan,omitempty"`
	// List is the labels of the last list, for a message that narrows it.
	List []string `json:"list,omitempty"`
}

// openSession reads a session; one that is unreadable or too old is empty.
func openSession(data []byte, now time.Time) session {
	var s session
	if len(data) == 0 || json.Unmarshal(data, &s) != nil || now.Sub(s.At) > forgetAfter {
		return session{}
	}
	return s
}

func (s session) bytes() []byte {
	data, err := json.Marshal(s)
	if err != nil {
		return nil // unreachable: plain data
	}
	return data
}
