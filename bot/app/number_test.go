package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"huiwen/bot"
)

// A visitor is a browser of the residents' page.
type visitor struct {
	t      *testing.T
	url    string
	client http.Client
}

func newVisitor(t *testing.T, url string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, url: url, client: http.Client{Jar: jar}}
}

func (v *visitor) ask(text string) (out bot.Rendered) {
	v.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		v.t.Fatal(err)
	}
	resp, err := v.client.Post(v.url+"/api/ask", "application/json", bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%q: %s %v", text, resp.Status, err)
	}
	return out
}

// TestANumberOpensTheSameAnswer on the page: to the browser that got it, and
// without the facts to another; after the person's deletion to nobody.
func TestANumberOpensTheSameAnswer(t *testing.T) {
	s := play(t)
	wang, li := newVisitor(t, s.url), newVisitor(t, s.url)
	first := wang.ask("我是退役军人，第一次开店，办执照一年半了，能领创业补贴吗")
	if first.Card == nil || first.Card.Verdict != "likely" || len(first.Card.Facts) != 4 || first.Card.Facts[0].Edit.Say == "" {
		t.Fatalf("the page is handed %+v", first.Card)
	}
	same := wang.ask("编号 " + strings.ToLower(strings.ReplaceAll(first.ID, "-", " ")))
	_, rest, _ := strings.Cut(same.Text, "\n")
	if want := strings.Replace(first.Text, "有说错的，回复“改”就能改。\n", "", 1); rest != want || same.Again != first.ID || !strings.HasPrefix(same.Text, "这是您在") {
		t.Errorf("the same person reads\n%s\nwant\n%s", same.Text, want)
	}
	if c := same.Card; c == nil || c.Verdict != "likely" || len(c.Facts) != 4 || c.Facts[0].Edit.Say != "" || len(c.Notice) != 1 {
		t.Errorf("the same person sees %+v", same.Card)
	}
	for _, number := range []string{first.ID, same.ID} { // the copy opens what it repeats
		other := li.ask(number)
		data, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"我是退役军人", "第一次开店", "一年半", "18个月", "likely", "初步符合"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s: another reads %q:\n%s", number, secret, data)
			}
		}
		if other.Programme != "一次性创业补贴" || !strings.Contains(other.Text, "5000元") {
			t.Errorf("%s: another does not read the conditions:\n%s", number, other.Text)
		}
		if copied := li.ask(other.ID); strings.Contains(copied.Text, "我是退役军人") {
			t.Errorf("the other's own number opens\n%s", copied.Text)
		}
	}
	plain := wang.ask("自己开店有没有补贴，补多少？")
	if other := li.ask(plain.ID); !strings.Contains(other.Text, plain.Lines[0].Text()) {
		t.Errorf("an answer without facts reads\n%s\nwant\n%s", other.Text, plain.Text)
	}
	family := wang.ask("脱贫户，儿子大学毕业一年没工作，我们家能享受哪些")
	if other := li.ask(family.ID); other.Scan != nil || strings.Contains(other.Text, "儿子") {
		t.Errorf("another reads of the family:\n%s", other.Text)
	}
	wang.ask("删除我的信息")
	for who, v := range map[string]*visitor{"the person": wang, "another": li} {
		if gone := v.ask(first.ID); gone.Card != nil || !strings.Contains(gone.Text, "没有找到") {
			t.Errorf("%s, after the deletion:\n%s", who, gone.Text)
		}
	}
}
