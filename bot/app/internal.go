package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"huiwen/bot/post"
	"huiwen/knowledge/store"
)

// checkTime bounds the checks behind /readyz.
const checkTime = 5 * time.Second

// internalHandler serves what only operators see.
func internalHandler(e *engine, s store.Store, b *post.Box, ch *channels) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok "+e.snapshot().Version)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		if err := errors.Join(ready(ctx, s), e.follower.Check(ctx)); err != nil {
			plain(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		words := "ready"
		for _, f := range ch.check(ctx, false) { // the page answers whatever a platform says
			words += "\n" + f.Part + "：" + f.Text
		}
		plain(w, http.StatusOK, words)
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), boxCollector{b, s})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func plain(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, words)
}

// ready writes and reads the store: what answers needs it.
func ready(ctx context.Context, s store.Store) error {
	if err := s.Update(ctx, "sys", func(tx store.Tx) error { return tx.Put("ready", []byte(tx.Now().Format(time.RFC3339)), time.Hour) }); err != nil {
		return fmt.Errorf("存储写不进去：%w", err)
	}
	return s.Check(ctx)
}

// boxCollector counts what became of messages; no label names a person or holds
// a word.
type boxCollector struct {
	*post.Box
	store store.Store
}

var (
	messagesDesc  = prometheus.NewDesc("huiwen_messages_total", "Acknowledged messages by what became of them.", []string{"end"}, nil)
	openDesc      = prometheus.NewDesc("huiwen_messages_open", "Acknowledged messages that have not come to their end.", []string{"state"}, nil)
	uncertainDesc = prometheus.NewDesc("huiwen_sends_uncertain_total", "Attempts to send whose answer was lost.", nil, nil)
	sizeDesc      = prometheus.NewDesc("huiwen_store_bytes", "Size of the store's file and log.", nil, nil)
	aloneDesc     = prometheus.NewDesc("huiwen_store_unreplicated_total", "Commits that no replica of Redis had in time.", nil, nil)
)

// Describe implements prometheus.Collector.
func (boxCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{messagesDesc, openDesc, uncertainDesc, sizeDesc, aloneDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c boxCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	if f, ok := c.store.(interface{ Size() int64 }); ok {
		ch <- prometheus.MustNewConstMetric(sizeDesc, prometheus.GaugeValue, float64(f.Size()))
	}
	if r, ok := c.store.(interface{ Unreplicated() int64 }); ok {
		ch <- prometheus.MustNewConstMetric(aloneDesc, prometheus.CounterValue, float64(r.Unreplicated()))
	}
	s, err := c.Stats(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(messagesDesc, err)
		return
	}
	for end, n := range map[string]int64{"answered": s.Answered, "silent": s.Silent, "undeliverable": s.Undeliverable, "limited": s.Limited, "dead": s.Dead} {
		ch <- prometheus.MustNewConstMetric(messagesDesc, prometheus.CounterValue, float64(n), end)
	}
	ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(s.Waiting), "waiting")
	ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(s.Sending), "sending")
	ch <- prometheus.MustNewConstMetric(uncertainDesc, prometheus.CounterValue, float64(s.Uncertain))
}
