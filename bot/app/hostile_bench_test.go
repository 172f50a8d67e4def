package app

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/knowledge/account"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// A hostile document is made to be small on the wire and large, deep or slow to
// read. The bytes are those that a reader without bounds would make of it.
type hostile struct {
	name, file string
	data       []byte
	inflated   int
}

// pattern is a reader of n bytes, the same text over and over.
type pattern struct {
	text string
	at   int
	left int
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(b) && p.left > 0 {
		k := copy(b[n:min(len(b), n+p.left)], p.text[p.at:])
		n, p.left, p.at = n+k, p.left-k, (p.at+k)%len(p.text)
	}
	return n, nil
}

// docx packs a body; what repeats is written between its ends.
func docx(b testing.TB, before, repeated, after string, size int) []byte {
	b.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("word/document.xml")
	if err != nil {
		b.Fatal(err)
	}
	n := size / len(repeated) * len(repeated)
	io.WriteString(w, `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`+before)
	if _, err := io.Copy(w, &pattern{text: repeated, left: n}); err != nil {
		b.Fatal(err)
	}
	io.WriteString(w, after+`</w:body></w:document>`)
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// deflated is n bytes of a text, deflated so often.
func deflated(b testing.TB, text string, n, times int) []byte {
	b.Helper()
	var in io.Reader = &pattern{text: text, left: n}
	var out bytes.Buffer
	for range times {
		out = bytes.Buffer{}
		w := zlib.NewWriter(&out)
		if _, err := io.Copy(w, in); err != nil {
			b.Fatal(err)
		}
		w.Close()
		in = bytes.NewReader(out.Bytes())
	}
	return out.Bytes()
}

// pdf is a document of one page whose content goes through the filters.
func pdf(stream []byte, filters, kids string) []byte {
	var b bytes.Buffer
	var at []int
	object := func(s string) { at = append(at, b.Len()); fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), s) }
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [" + kids + "] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>")
	object(fmt.Sprintf("<< /Length %d /Filter %s >>\nstream\n%s\nendstream", len(stream), filters, stream))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

const mega = 1 << 20

// hostiles are documents that really expand: none ends at its first bytes.
func hostiles(b testing.TB) []hostile {
	para := "<w:p><w:r><w:t>一、支持第一类经营主体发展，给予补贴（5000元）。（责任单位：区财政局）</w:t></w:r></w:p>"
	cell := "<w:tc><w:p><w:r><w:t>格</w:t></w:r></w:p></w:tc>"
	row := "<w:tr>" + strings.Repeat(cell, 60) + "</w:tr>"
	nest := "<w:tbl><w:tr><w:tc>"
	var items strings.Builder
	items.WriteString("某区2023年促进增收实施计划\n（2023年1月5日印发）\n一、促进就业\n")
	for i := range 9_990 {
		fmt.Fprintf(&items, "%d．支持第%d类经营主体发展，对首次创业满一年的给予补贴（%d元），2023年底前完成%d户，力争增长5%%以上，每季度调度一次。（责任单位：区人力资源社会保障局、区财政局、区教育局）\n", i+1, i+1, 1000+i, 10+i%90)
	}
	return []hostile{
		{"docx, one part of 2 GiB", "bomb.docx", docx(b, "<w:p>", " ", "</w:p>", 2048*mega), 2048 * mega},
		{"docx, 60 MiB of paragraphs", "long.docx", docx(b, "", para, "", 60*mega), 60 * mega},
		{"docx, a table of 60 MiB", "table.docx", docx(b, "<w:tbl>", row, "</w:tbl>", 60*mega), 60 * mega},
		{"docx, 3 million tables in each other", "deep.docx", docx(b, "", nest, "", 60*mega), 60 * mega},
		{"pdf, a stream of 2 GiB", "bomb.pdf", pdf(deflated(b, "BT (a) Tj ET\n", 2048*mega, 1), "/FlateDecode", "3 0 R"), 2048 * mega},
		{"pdf, 2 GiB deflated twice", "twice.pdf", pdf(deflated(b, "BT (a) Tj ET\n", 2048*mega, 2), "[/FlateDecode /FlateDecode]", "3 0 R"), 2048 * mega},
		{"pdf, pages that hold themselves", "loop.pdf", pdf(deflated(b, "BT (a) Tj ET\n", mega, 1), "/FlateDecode", strings.Repeat("2 0 R ", 1000)), 0},
		{"html, 2 million elements in each other", "deep.html", []byte(strings.Repeat("<div>", 2_000_000)), 10 * mega},
		{"html, cells that span 2,000 by 2,000", "span.html", []byte("<table>" + strings.Repeat("<tr>"+strings.Repeat(`<td rowspan="2000" colspan="2000">格</td>`, 60)+"</tr>", 4000) + "</table>"), 0},
		{"txt, one line of 4 MiB of brackets", "line.txt", []byte("一、" + strings.Repeat("（（", 4*mega/6)), 4 * mega},
		{"txt, 9,990 items, which is a plan", "items.txt", []byte(items.String()), items.Len()},
	}
}

// A besieged is the service in a process of its own, with an editor at its pages.
type besieged struct {
	b        testing.TB
	listen   string
	internal string
	process  *exec.Cmd
	editor   *http.Client
}

var formToken = regexp.MustCompile(`name="csrf" value="([0-9a-f]{32})"`)

func besiege(b testing.TB) *besieged {
	b.Helper()
	dir := b.TempDir()
	s, err := store.OpenFile(b.Context(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	k := account.NewKeeper(account.Options{Store: s, Random: rand.Reader})
	const password = "Correct-Horse-9"
	if err := k.Create(b.Context(), "编辑甲", []account.Role{account.Editor}, "系统"); err != nil {
		b.Fatal(err)
	}
	if err := k.SetPassword(b.Context(), "编辑甲", password, "系统"); err != nil {
		b.Fatal(err)
	}
	s.Close()
	v := &besieged{b: b, listen: storetest.FreeAddress(b), internal: storetest.FreeAddress(b)}
	v.process = exec.CommandContext(context.Background(), os.Args[0], "serve", "--listen", v.listen, "--internal", v.internal)
	v.process.Env = append(os.Environ(), "HUIWEN_DATA="+dir, "HUIWEN_PAGE_TRUSTED_PROXIES=127.0.0.0/8")
	if err := v.process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { v.process.Process.Kill(); v.process.Wait() })
	jar, _ := cookiejar.New(nil)
	v.editor = &http.Client{Jar: jar}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := v.editor.Get("http://" + v.internal + "/healthz"); err == nil {
			resp.Body.Close()
			break
		} else if time.Since(began) > time.Minute {
			b.Fatal(err)
		}
	}
	resp, err := v.editor.PostForm("http://"+v.internal+"/admin/signin", url.Values{"csrf": {v.token("/admin/signin")}, "name": {"编辑甲"}, "password": {password}})
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	return v
}

func (v *besieged) token(page string) string {
	resp, err := v.editor.Get("http://" + v.internal + page)
	if err != nil {
		v.b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.b.Fatal(err)
	}
	m := formToken.FindSubmatch(body)
	if m == nil {
		v.b.Fatalf("%s has no form", page)
	}
	return string(m[1])
}

var saidWords = regexp.MustCompile(`role="status">(?:<b>[^<]*</b>)?([^<]*)<`)

// upload sends a document and returns what the page said of it.
func (v *besieged) upload(h hostile) string {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("csrf", v.token("/admin/plans"))
	w.WriteField("disclosure", "公开")
	w.WriteField("beside", "1")
	f, err := w.CreateFormFile("file", h.file)
	if err != nil {
		v.b.Fatal(err)
	}
	f.Write(h.data)
	w.Close()
	resp, err := v.editor.Post("http://"+v.internal+"/admin/plans/import", w.FormDataContentType(), &body)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	if m := saidWords.FindSubmatch(page); m != nil {
		return string(m[1])
	}
	return resp.Status
}

// asking has residents ask, each a question after the other, until done is closed.
// It returns how long every answer took and how many were wrong.
func (v *besieged) asking(residents int, done <-chan struct{}) (took []time.Duration, wrong int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range residents {
		wg.Go(func() {
			jar, _ := cookiejar.New(nil)
			c := &http.Client{Jar: jar}
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(100 * time.Millisecond):
				}
				at := time.Now()
				ok := v.ask(c, fmt.Sprintf("10.%d.%d.%d", i, n/250, n%250))
				mu.Lock()
				took = append(took, time.Since(at))
				if !ok {
					wrong++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took, wrong
}

func (v *besieged) ask(c *http.Client, from string) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+v.listen+"/api/ask", strings.NewReader(`{"text":"第39项"}`))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", from)
	resp, err := c.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var out struct {
		Text   string `json:"text"`
		Status string `json:"status"`
	}
	return json.NewDecoder(resp.Body).Decode(&out) == nil && strings.Contains(out.Text, "5000元")
}

// peak is how much memory the service has had at once, as Linux tells.
func (v *besieged) peak() string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.process.Process.Pid))
	if err != nil {
		return "?"
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "?"
}

// BenchmarkHostile uploads every hostile document while residents ask.
func BenchmarkHostile(b *testing.B) {
	docs := hostiles(b)
	v := besiege(b)
	const residents = 8
	during := func(fn func()) ([]time.Duration, int) {
		done := make(chan struct{})
		go func() { fn(); close(done) }()
		return v.asking(residents, done)
	}
	tell := func(name string, took []time.Duration, wrong int, more string) {
		slices.Sort(took)
		at := func(p int) time.Duration { return took[(len(took)-1)*p/100].Round(100 * time.Microsecond) }
		fmt.Printf("%-42s %5d answers, %d wrong, p50 %7v p99 %7v max %7v  %s\n", name, len(took), wrong, at(50), at(99), at(100), more)
		if wrong > 0 {
			b.Errorf("%s: %d wrong answers", name, wrong)
		}
	}
	took, wrong := during(func() { time.Sleep(10 * time.Second) })
	tell("before", took, wrong, "service "+v.peak())
	for _, h := range docs {
		said, spent := "", time.Duration(0)
		took, wrong := during(func() {
			at := time.Now()
			said = v.upload(h)
			spent = time.Since(at).Round(100 * time.Millisecond)
			time.Sleep(max(0, 2*time.Second-spent)) // enough answers to tell a percentile
		})
		tell(h.name, took, wrong, fmt.Sprintf("%d KiB sent, %v: %s; service %s", len(h.data)>>10, spent, clip(said, 60), v.peak()))
	}
}
