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
func internalHandler(e *engine, s store.Store, b *post.Box) http.Handler {
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
		plain(w, http.StatusOK, "ready")
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), boxCollector{b})
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

// boxCollector counts what waits; no label names a person or holds a word.
type boxCollector struct{ *post.Box }

var (
	waitingDesc = prometheus.NewDesc("huiwen_conversations_waiting", "Conversations with a message that is not answered yet.", nil, nil)
	deadDesc    = prometheus.NewDesc("huiwen_dead_letters", "Messages that ended without an answer.", nil, nil)
)

// Describe implements prometheus.Collector.
func (boxCollector) Describe(ch chan<- *prometheus.Desc) { ch <- waitingDesc; ch <- deadDesc }

// Collect implements prometheus.Collector.
func (c boxCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	waiting, dead := 0, 0
	for shard := range post.Shards {
		w, d, err := c.Waiting(ctx, shard)
		if err != nil {
			ch <- prometheus.NewInvalidMetric(waitingDesc, err)
			return
		}
		waiting, dead = waiting+w, dead+d
	}
	ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(waiting))
	ch <- prometheus.MustNewConstMetric(deadDesc, prometheus.GaugeValue, float64(dead))
}
