package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// Terms of 微信客服 (document paths 94670, 94677).
const (
	syncLimit    = 200              // of a page: what is kept in one commit
	syncLease    = 20 * time.Second // longer than a call and a commit; every page renews it
	heldWait     = 2 * time.Second  // until an account is asked for again that another fetches
	maxPages     = 500              // of one sync
	firstFloor   = 10 * time.Minute // what is older at the first start is never answered
	pokeTokenFor = 10 * time.Minute
	roundEvery   = 20 * time.Second // pokes that no sync has served
	resyncEvery  = 5 * time.Minute  // every account: a poke may be lost
	welcomeFor   = 20 * time.Second // the code of a welcome is good for
	syncsAtOnce  = 4
	maxRetry     = 5 * time.Minute
	tooFar       = 4 * 24 * time.Hour
)

const codeBadMsgToken = 95007

// unknownAccount are the errcodes of an account that is not ours to fetch from.
var unknownAccount = []int{95000, 95004}

// KFOptions are what a [KF] needs.
type KFOptions struct {
	CorpID   string
	Client   *Client
	Store    store.Store
	Log      *slog.Logger
	Now      func() time.Time
	Welcome  string // "" for none
	Handover Handover
	// Accept keeps messages of a shard together with what also writes, in one commit.
	Accept func(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error
}

// A KF serves the accounts of 微信客服: pokes come by callback, messages are
// fetched, answers are sent within the platform's window. It is safe for
// concurrent use.
type KF struct {
	KFOptions
	ring chan string // accounts to fetch from

	mu    sync.Mutex
	known map[string]bool  // accounts that stand in the store
	tries map[string]retry // of accounts that failed
}

type retry struct {
	count   int
	waiting bool // for its time to be tried again
}

// NewKF makes a KF; [KF.Run] starts it.
func NewKF(o KFOptions) *KF {
	return &KF{KFOptions: o, ring: make(chan string, 1024), known: map[string]bool{}, tries: map[string]retry{}}
}

// Channel is the name of the channel.
func (*KF) Channel() string { return "kf" }

// Check says what an operator should know of 微信客服.
func (k *KF) Check(ctx context.Context, live bool) []finding.Finding {
	return k.Client.Check(ctx, live)
}

// poke is that an account has something: ["kf/poke/" account] in the account's
// shard, until a sync that began after it has ended well.
type poke struct {
	Token string    `json:"token"`
	At    time.Time `json:"at"`
	ID    string    `json:"id"`
}

// accountsSet lists the accounts that were ever poked or named, in sys.
const accountsSet = "kf/accounts"

func cursorKey(account string) string { return "kf/cursor/" + account }
func floorKey(account string) string  { return "kf/floor/" + account } // what is older is not answered; 0 after the first whole sync
func leaseKey(account string) string  { return "kf/lease/" + account }
func pokeKey(account string) string   { return "kf/poke/" + account }

// maxID bounds what the platform names, in bytes: it becomes a key.
const maxID = 128

// Take implements the callback: the poke is kept before the platform is told 200.
func (k *KF) Take(ctx context.Context, e Event) error {
	if e.MsgType != "event" || e.Event != "kf_msg_or_event" || e.OpenKfId == "" || len(e.OpenKfId) > maxID {
		return nil // other events come to the same address
	}
	if err := k.remember(ctx, e.OpenKfId); err != nil {
		return err
	}
	data, err := json.Marshal(poke{e.Token, k.Now(), e.Digest})
	if err != nil {
		return err
	}
	err = k.Store.Update(ctx, post.AccountScope("kf", e.OpenKfId), func(tx store.Tx) error { return tx.Put(pokeKey(e.OpenKfId), data, 0) })
	if err != nil {
		return fmt.Errorf("keep a poke: %w", err)
	}
	k.wake(e.OpenKfId)
	return nil
}

// remember keeps the name of an account for the rounds.
func (k *KF) remember(ctx context.Context, account string) error {
	k.mu.Lock()
	known := k.known[account]
	k.mu.Unlock()
	if known {
		return nil
	}
	if err := k.Store.Update(ctx, "sys", func(tx store.Tx) error { return tx.Add(accountsSet, account, 0) }); err != nil {
		return fmt.Errorf("keep an account: %w", err)
	}
	k.mu.Lock()
	k.known[account] = true
	k.mu.Unlock()
	return nil
}

func (k *KF) wake(account string) {
	select {
	case k.ring <- account:
	default: // the round finds it
	}
}

// Run fetches what is poked, at the start and from time to time every account,
// until ctx ends.
func (k *KF) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range syncsAtOnce {
		wg.Go(func() {
			for {
				select {
				case account := <-k.ring:
					k.fetch(ctx, account)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	k.list(ctx)
	k.round(ctx, true)
	tick, rounds := time.NewTicker(roundEvery), 0
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			rounds++
			k.round(ctx, rounds%int(resyncEvery/roundEvery) == 0)
		case <-ctx.Done():
		}
	}
	wg.Wait()
}

// list asks the platform for the accounts, so that what came while nothing ran
// is fetched without waiting for a poke. A corporation may not allow it.
func (k *KF) list(ctx context.Context) {
	var got struct {
		List []struct {
			ID string `json:"open_kfid"`
		} `json:"account_list"`
	}
	if err := k.Client.Call(ctx, "/cgi-bin/kf/account/list", map[string]int{"offset": 0, "limit": 100}, &got); err != nil {
		k.Log.Info("kf accounts are not listed; they are learnt from callbacks", "error", err)
		return
	}
	for _, a := range got.List {
		if a.ID == "" || len(a.ID) > maxID {
			continue
		}
		if err := k.remember(ctx, a.ID); err != nil {
			k.Log.Warn("kf accounts", "error", err)
		}
	}
}

// round wakes the accounts with a poke that no sync has served, or all of them.
func (k *KF) round(ctx context.Context, all bool) {
	accounts, err := store.View(ctx, k.Store, "sys", func(tx store.Tx) ([]store.Member, error) { return tx.Range(accountsSet, 0, 1, 1000) })
	if err != nil && ctx.Err() == nil {
		k.Log.Warn("kf round", "error", err)
	}
	for _, a := range accounts {
		due := all
		if !due {
			due, _ = store.View(ctx, k.Store, post.AccountScope("kf", a.Name), func(tx store.Tx) (bool, error) {
				_, ok, err := tx.Get(pokeKey(a.Name))
				return ok, err
			})
		}
		if due {
			k.wake(a.Name)
		}
	}
}

// fetch syncs an account and sees to it that a failure is tried again: soon when
// it may pass, with the rounds when an operator must mend it.
func (k *KF) fetch(ctx context.Context, account string) {
	k.mu.Lock()
	r := k.tries[account]
	k.mu.Unlock()
	if r.waiting {
		return
	}
	err := k.sync(ctx, account)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		delete(k.tries, account)
		return
	}
	if ctx.Err() != nil {
		return
	}
	code, wait := codeOf(err), min(time.Second<<min(r.count, 10), maxRetry)
	if !errors.Is(err, errHeld) {
		k.Log.Warn("kf sync", "error", err)
	}
	switch {
	case errors.Is(err, errHeld):
		wait, r.count = heldWait, r.count-1
	case slices.Contains(unknownAccount, code):
		wait = maxRetry
	case slices.Contains(stopping, code):
		wait = max(wait, stopFor)
	case code == codeFrequency:
		wait = max(wait, frequencyWait)
	}
	k.tries[account] = retry{r.count + 1, true}
	time.AfterFunc(wait+rand.N(wait/4+time.Millisecond), func() {
		k.mu.Lock()
		r := k.tries[account]
		r.waiting = false
		k.tries[account] = r
		k.mu.Unlock()
		k.wake(account)
	})
}

// syncRequest asks for messages from a cursor on.
type syncRequest struct {
	Cursor   string `json:"cursor,omitempty"`
	Token    string `json:"token,omitempty"`
	Limit    int    `json:"limit"`
	OpenKfID string `json:"open_kfid"`
}

// syncAnswer is a page of messages. It is decoded here because the SDK's
// struct drops fields of events.
type syncAnswer struct {
	NextCursor string      `json:"next_cursor"`
	HasMore    int         `json:"has_more"`
	List       []kfMessage `json:"msg_list"`
}

// The origins of a message.
const (
	fromCustomer = 3
	fromSystem   = 4
)

type kfMessage struct {
	MsgID    string `json:"msgid"`
	OpenKfID string `json:"open_kfid"`
	External string `json:"external_userid"`
	SendTime int64  `json:"send_time"`
	Origin   int    `json:"origin"` // 5 is a servicer: not ours to answer
	MsgType  string `json:"msgtype"`
	Text     struct {
		Content string `json:"content"`
		MenuID  string `json:"menu_id"`
	} `json:"text"`
	Event struct {
		Type       string `json:"event_type"`
		OpenKfID   string `json:"open_kfid"`
		External   string `json:"external_userid"`
		Welcome    string `json:"welcome_code"`
		FailMsgID  string `json:"fail_msgid"`
		FailType   int    `json:"fail_type"`
		ChangeType int    `json:"change_type"`
	} `json:"event"`
}

// customer is who an item of a page is about; for events it stands inside.
func (m kfMessage) customer() string {
	if m.External != "" {
		return m.External
	}
	return m.Event.External
}

// held is what a sync finds of its account when it takes the lease.
type held struct {
	cursor, token, poke string
	floor               int64
}

// sync fetches an account page by page: the messages of a page and the cursor
// after it are kept in one commit, under the account's lease. Whatever was poked
// meanwhile is fetched too.
func (k *KF) sync(ctx context.Context, account string) error {
	scope := post.AccountScope("kf", account)
	lease := strconv.FormatUint(rand.Uint64(), 36)
	for again := true; again; {
		h, mine, err := k.lease(ctx, scope, account, lease)
		if err != nil {
			return err
		}
		if !mine {
			return errHeld // and may have died with it
		}
		err = k.pages(ctx, scope, account, lease, h)
		more, releaseErr := k.release(ctx, scope, account, lease, h.poke, err == nil)
		if err = errors.Join(err, releaseErr); err != nil {
			return err
		}
		again = more
	}
	return nil
}

// lease takes the account for one fetcher among the replicas.
func (k *KF) lease(ctx context.Context, scope, account, lease string) (h held, mine bool, err error) {
	err = k.Store.Update(ctx, scope, func(tx store.Tx) error {
		h = held{}
		holder, taken, err := tx.Get(leaseKey(account))
		mine = !taken || string(holder) == lease
		if err != nil || !mine {
			return err
		}
		cursor, _, err := tx.Get(cursorKey(account))
		if err != nil {
			return err
		}
		h.cursor = string(cursor)
		data, ok, err := tx.Get(pokeKey(account))
		var p poke
		if err == nil && ok && json.Unmarshal(data, &p) == nil {
			h.poke = string(data)
			if k.Now().Sub(p.At).Abs() < pokeTokenFor {
				h.token = p.Token
			}
		}
		floor, ok, floorErr := tx.Get(floorKey(account))
		if err = errors.Join(err, floorErr); err != nil {
			return err
		}
		if h.floor, _ = strconv.ParseInt(string(floor), 10, 64); !ok && h.cursor == "" {
			// three days of history are not answered at the first start
			h.floor = k.Now().Add(-firstFloor).Unix()
			err = tx.Put(floorKey(account), strconv.AppendInt(nil, h.floor, 10), 0)
		}
		return errors.Join(err, tx.Put(leaseKey(account), []byte(lease), syncLease))
	})
	return h, mine, err
}

// release gives the account back. After a sync that went well the poke it served
// goes; one that came after it says that there is more.
func (k *KF) release(ctx context.Context, scope, account, lease, served string, well bool) (again bool, err error) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = k.Store.Update(end, scope, func(tx store.Tx) error {
		again = false
		if holder, _, err := tx.Get(leaseKey(account)); err != nil || string(holder) != lease {
			return err
		}
		data, poked, err := tx.Get(pokeKey(account))
		switch {
		case err != nil:
			return err
		case poked && well && string(data) == served:
			err = tx.Del(pokeKey(account))
		case poked && well:
			again = ctx.Err() == nil
		}
		if well { // the history is behind us
			err = errors.Join(err, tx.Put(floorKey(account), []byte("0"), 0))
		}
		return errors.Join(err, tx.Del(leaseKey(account)))
	})
	return again, err
}

func (k *KF) pages(ctx context.Context, scope, account, lease string, h held) error {
	cursor, token := h.cursor, h.token
	for range maxPages {
		var page syncAnswer
		err := k.Client.Call(ctx, "/cgi-bin/kf/sync_msg", syncRequest{cursor, token, syncLimit, account}, &page)
		if codeOf(err) == codeBadMsgToken && token != "" {
			token = "" // it is good for ten minutes; go on without it, once
			continue
		}
		if err != nil {
			return err
		}
		if page.NextCursor != "" {
			cursor = page.NextCursor
		}
		if err := k.keep(ctx, scope, account, lease, cursor, h.floor, page.List); err != nil {
			return err
		}
		if page.HasMore == 0 {
			return nil
		}
	}
	return errMore
}

// errMore ends a sync of very many pages; the next goes on from the cursor.
var errMore = errors.New("kf: more pages than one sync fetches")

// errHeld says that another fetches the account just now.
var errHeld = errors.New("kf: another has the account")

// errLease says that another replica has the account.
var errLease = errors.New("kf: the lease was lost")

// keep accepts a page's messages, moves the cursor and writes down what the
// events say, in one commit; then it welcomes, which cannot wait.
func (k *KF) keep(ctx context.Context, scope, account, lease, cursor string, floor int64, list []kfMessage) error {
	now := k.Now()
	for i := range list {
		if list[i].SendTime >= floor && now.Sub(time.Unix(list[i].SendTime, 0)).Abs() > tooFar {
			list[i].SendTime = now.Unix() // the history is of three days: the clocks differ
		}
	}
	list = slices.DeleteFunc(list, func(m kfMessage) bool {
		return m.SendTime < floor || len(m.customer()) > maxID || len(m.MsgID) > maxID || m.Origin != fromCustomer && m.Origin != fromSystem
	})
	states, err := k.customers(ctx, scope, account, list)
	if err != nil {
		return err
	}
	messages, silent := k.messages(account, list, states)
	err = k.Accept(ctx, scope, messages, func(tx store.Tx) error {
		if holder, ok, err := tx.Get(leaseKey(account)); err != nil || !ok || string(holder) != lease {
			return errors.Join(err, errLease)
		}
		return errors.Join(
			tx.Put(cursorKey(account), []byte(cursor), 0), tx.Put(leaseKey(account), []byte(lease), syncLease),
			k.write(tx, account, list), post.LeftToPerson(tx, silent),
		)
	})
	if err != nil {
		return err
	}
	if silent > 0 {
		k.Log.Info("kf: a person has the session, nothing is answered", "messages", silent)
	}
	for _, m := range list {
		if m.Event.Type == "enter_session" && m.Origin == fromSystem {
			k.welcome(ctx, m)
		}
	}
	return nil
}

// customers reads what is known of everybody in a page.
func (k *KF) customers(ctx context.Context, scope, account string, list []kfMessage) (map[string]customer, error) {
	out := map[string]customer{}
	err := k.Store.View(ctx, scope, func(tx store.Tx) error {
		for _, m := range list {
			c, err := loadCustomer(tx, account, m.customer())
			if err != nil {
				return err
			}
			out[m.customer()] = c
		}
		return nil
	})
	return out, err
}

// messages are the questions of a page, in order, and how many are left to the
// person who has the session.
func (k *KF) messages(account string, list []kfMessage, states map[string]customer) (out []bot.Message, silent int) {
	for _, m := range list {
		c := states[m.customer()]
		if m.Origin == fromCustomer {
			if c.withPerson(m.SendTime) {
				silent++
			} else {
				out = append(out, k.message(account, m, c))
			}
		}
		c.hear(m)
		states[m.customer()] = c
	}
	return out, silent
}

// write keeps what a page says of its customers and of messages that were not
// delivered. What is kept is read again: an answer may have been sent meanwhile.
func (k *KF) write(tx store.Tx, account string, list []kfMessage) error {
	states := map[string]customer{}
	for _, m := range list {
		if m.Event.Type == "msg_send_fail" && m.Origin == fromSystem {
			if err := undelivered(tx, m); err != nil {
				return err
			}
			continue
		}
		c, ok := states[m.customer()]
		if !ok {
			var err error
			if c, err = loadCustomer(tx, account, m.customer()); err != nil {
				return err
			}
		}
		c.hear(m)
		states[m.customer()] = c
	}
	for name, c := range states {
		if err := saveCustomer(tx, account, name, c); err != nil {
			return err
		}
	}
	return nil
}

// undelivered writes down that the platform took a message and could not deliver it.
func undelivered(tx store.Tx, m kfMessage) error {
	if m.Event.FailMsgID == "" || len(m.Event.FailMsgID) > maxID {
		return nil
	}
	number, ok, err := tx.Get(sentKey(m.Event.FailMsgID))
	if err != nil || !ok {
		return err
	}
	return post.Undelivered(tx, string(number), "fail_type "+strconv.Itoa(m.Event.FailType))
}

// message is what a customer wrote; what is no text is empty.
func (k *KF) message(account string, m kfMessage, c customer) bot.Message {
	text := m.Text.Content
	if m.Text.MenuID != "" {
		text = pressed(m.Text.MenuID, text, c.Menu)
	}
	return bot.Message{
		ID: "kf|" + account + "|" + m.MsgID, Channel: "kf", Conversation: account + "/" + m.External, Person: m.External,
		User: bot.Resident, Text: text, At: time.Unix(m.SendTime, 0), Human: k.Handover.human(k.Now()),
	}
}

// pressed is what a press on a menu says: the number of the choice while the
// menu is that of the last answer, else the words that stood on it.
func pressed(menuID, content, last string) string {
	number, choice, ok := strings.Cut(menuID, "#")
	if !ok { // not of ours, or an older program's
		number, choice = last, menuID
	}
	if n, err := strconv.Atoi(choice); err == nil && n > 0 && n <= maxMenu && number == last {
		return choice
	}
	if head, rest, ok := strings.Cut(content, ". "); ok {
		if _, err := strconv.Atoi(head); err == nil {
			return rest
		}
	}
	return content
}

// welcome greets whoever opens the session: the platform gives a code to those
// it has not greeted for two days, good once and for 20 seconds. A late one is
// not sent.
func (k *KF) welcome(ctx context.Context, m kfMessage) {
	if m.Event.Welcome == "" || k.Welcome == "" || k.Now().Sub(time.Unix(m.SendTime, 0)) >= welcomeFor {
		return
	}
	in := map[string]any{"code": m.Event.Welcome, "msgid": msgID("welcome", m.MsgID), "msgtype": "text", "text": map[string]string{"content": k.Welcome}}
	if err := k.Client.Call(ctx, "/cgi-bin/kf/send_msg_on_event", in, nil); err != nil {
		k.Log.Warn("kf welcome", "error", err)
	}
}
