package page

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"huiwen/bot"
)

// A view is what the template shows.
type view struct {
	Title, Issued string
	Suggestions   []string
	Question      string
	Answer        *bot.Rendered
	Error         string
	Measure       *Measure
	Marked        template.HTML
}

func (p *Page) view() view {
	return view{Title: p.Library.Title(), Issued: p.Library.Issued(), Suggestions: p.Suggestions}
}

// show answers GET /.
func (p *Page) show(w http.ResponseWriter, r *http.Request) {
	if _, err := p.session(w, r); err != nil {
		p.Log.Error("page not shown", "error", err)
	}
	p.render(w, http.StatusOK, p.view())
}

// form answers a question posted without a script.
func (p *Page) form(w http.ResponseWriter, r *http.Request) {
	v := p.view()
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	if err := r.ParseForm(); err != nil {
		v.Error = sayTooLong
		p.render(w, http.StatusRequestEntityTooLarge, v)
		return
	}
	v.Question = r.PostForm.Get("text")
	out, status, words := p.answer(w, r, strings.ToValidUTF8(v.Question, ""))
	v.Error = words
	if words == "" {
		v.Answer = &out
	}
	p.render(w, status, v)
}

// measurePage shows one measure, the quoted words marked, without a script.
func (p *Page) measurePage(w http.ResponseWriter, r *http.Request) {
	v := p.view()
	m, ok := p.Library.Measure(r.PathValue("label"))
	if !ok {
		v.Error = sayNoItem
		p.render(w, http.StatusNotFound, v)
		return
	}
	v.Measure, v.Marked = &m, mark(m.Text, r.URL.Query()["q"])
	p.render(w, http.StatusOK, v)
}

// maxMarks bounds the quotes that one page marks.
const maxMarks = 20

// mark escapes text and marks the quotes that stand in it.
func mark(text string, quotes []string) template.HTML {
	marked := make([]bool, len(text))
	for _, q := range quotes[:min(len(quotes), maxMarks)] {
		if i := strings.Index(text, q); i >= 0 && q != "" {
			for j := i; j < i+len(q); j++ {
				marked[j] = true
			}
		}
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		j := i
		for j < len(text) && marked[j] == marked[i] {
			j++
		}
		part := template.HTMLEscapeString(text[i:j])
		if marked[i] {
			part = "<mark>" + part + "</mark>"
		}
		b.WriteString(part)
		i = j
	}
	return template.HTML(b.String())
}

// SourceLinks lists the measures of an answer with the page of each, its quotes
// marked.
func (v view) SourceLinks() []sourceLink {
	var out []sourceLink
	for _, c := range v.Answer.Citations {
		q := url.Values{}
		for _, l := range v.Answer.Lines {
			for _, part := range l {
				if part.Kind == bot.Quoted && part.Source.String() == c && len(q["q"]) < maxMarks {
					q.Add("q", part.Text)
				}
			}
		}
		out = append(out, sourceLink{c, "/m/" + url.PathEscape(c) + "?" + q.Encode()})
	}
	return out
}

type sourceLink struct{ Label, URL string }

func (p *Page) render(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := p.index.Execute(w, v); err != nil {
		p.Log.Error("page not rendered", "error", err)
	}
}
