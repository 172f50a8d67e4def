package knowledge

import (
	"errors"
	"strings"
	"testing"
)

func TestCommonQuestionsAndCardsAreWrittenByForm(t *testing.T) {
	e, err := curated().WithEntry(Entry{Questions: []string{"几点上班"}, Answer: "上午九点。", Source: "政务大厅公告"}, "2022-06-09")
	if err != nil {
		t.Fatal(err)
	}
	card := Card{ID: "k1", Bureau: "区甲局", Place: "一楼", Source: "甲局", Verified: "张三", On: "2022-06-09", Expires: "2022-12-31"}
	if e, err = e.WithCard(card, "2022-06-09"); err != nil {
		t.Fatal(err)
	}
	card.Place = "二楼"
	if e, err = e.WithCard(card, "2022-06-10"); err != nil {
		t.Fatal(err)
	}
	docs, err := e.Documents()
	if err != nil || len(docs) != 2 || len(docs[0].Cards)+len(docs[1].Cards) != 1 {
		t.Fatalf("documents %+v %v", docs, err)
	}
	if text := string(e[DocumentPath(CardDocument)]); !strings.Contains(text, "二楼") || strings.Contains(text, "一楼") || !strings.Contains(text, "2022-06-09") {
		t.Errorf("the card is\n%s", text)
	}
	if e, err = e.WithoutEntry("几点上班"); err != nil || e[DocumentPath(FAQDocument)] != nil {
		t.Errorf("taken out: %v", err)
	}
	for name, do := range map[string]func() (Edition, error){
		"no answer": func() (Edition, error) {
			return e.WithEntry(Entry{Questions: []string{"几点"}, Source: "x"}, "2022-06-09")
		},
		"no source": func() (Edition, error) {
			return e.WithEntry(Entry{Questions: []string{"几点"}, Answer: "九点"}, "2022-06-09")
		},
		"too long": func() (Edition, error) {
			return e.WithEntry(Entry{Questions: []string{"几点"}, Answer: strings.Repeat("长", 1001), Source: "x"}, "2022-06-09")
		},
		"nothing to take out": func() (Edition, error) { return e.WithoutEntry("没有") },
		"an empty card": func() (Edition, error) {
			return e.WithCard(Card{ID: "k2", Bureau: "区甲局", Source: "x"}, "2022-06-09")
		},
		"a card of nobody": func() (Edition, error) { return e.WithCard(Card{ID: "k2", Place: "x", Source: "x"}, "2022-06-09") },
		"a day that is none": func() (Edition, error) {
			return e.WithCard(Card{ID: "k2", Bureau: "区甲局", Place: "x", Source: "x", Expires: "年底"}, "2022-06-09")
		},
		"no card to take away": func() (Edition, error) { return e.WithoutCard("k9") },
	} {
		if _, err := do(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
