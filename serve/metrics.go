package serve

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/trailwarden/trailwarden/deliver"
)

// metrics are what Prometheus scrapes. Of records, received = judged +
// duplicate + failed; of deliveries, each source's received = acknowledged +
// poisoned + returned + in flight.
type metrics struct {
	reloads  *prometheus.CounterVec
	troubles *prometheus.CounterVec
	attempts *prometheus.CounterVec
	took     *prometheus.HistogramVec
	delays   *prometheus.HistogramVec

	mu     sync.Mutex
	places map[[2]string]bool // accounts and regions with a series of their own
}

// maxSeries bounds the accounts and regions with a series of their own; the
// others share one.
const maxSeries = 2_000

func newMetrics(s *Server) *metrics {
	s.registry = prometheus.NewRegistry()
	m := &metrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "trailwarden_reloads_total",
			Help: "Reloads of configuration and rules, by result."}, []string{"result"}),
		troubles: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "trailwarden_trouble_total",
			Help: "Deliveries that could not be judged and come again, by source."}, []string{"source"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "trailwarden_sink_attempts_total",
			Help: "Messages sent or not, by sink and outcome."}, []string{"sink", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "trailwarden_sink_seconds",
			Help: "Duration of calls to sinks.", Buckets: prometheus.ExponentialBuckets(0.01, 2.5, 10)}, []string{"sink"}),
		delays: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "trailwarden_event_delay_seconds",
			Help:    "Time from an event to the commit of its finding, by account and region.",
			Buckets: []float64{1, 5, 15, 60, 300, 900, 3600, 21600, 86400}}, []string{"account", "region"}),
		places: map[[2]string]bool{},
	}
	s.registry.MustRegister(m.reloads, m.troubles, m.attempts, m.took, m.delays,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// register adds what is read when it is asked for.
func (m *metrics) register(s *Server) { s.registry.MustRegister(&collector{s}) }

func (m *metrics) attempt(a deliver.Attempt) {
	m.attempts.WithLabelValues(a.Sink, string(a.Class)).Inc()
	m.took.WithLabelValues(a.Sink).Observe(a.Took.Seconds())
}

func (m *metrics) delay(account, region string, d time.Duration) {
	at := [2]string{account, region}
	m.mu.Lock()
	if !m.places[at] {
		if len(m.places) >= maxSeries {
			at = [2]string{"other", "other"}
		} else {
			m.places[at] = true
		}
	}
	m.mu.Unlock()
	m.delays.WithLabelValues(at[0], at[1]).Observe(d.Seconds())
}

// collector reads the counters of the parts.
type collector struct{ s *Server }

// The metrics that are read when they are asked for.
var (
	records = prometheus.NewDesc("trailwarden_records_total",
		"Records by what became of them; received is the sum of the others and of the one in each worker's hand.", []string{"outcome"}, nil)
	messages = prometheus.NewDesc("trailwarden_messages_total",
		"Deliveries by source and what became of them; received is the sum of the others.", []string{"source", "outcome"}, nil)
	ignored  = prometheus.NewDesc("trailwarden_ignored_total", "Messages and objects that hold no records, by reason.", []string{"reason"}, nil)
	objects  = prometheus.NewDesc("trailwarden_objects_total", "Objects fetched.", nil, nil)
	poisoned = prometheus.NewDesc("trailwarden_intake_dead_letters_total", "Messages, objects and records put into the intake's dead letter.", nil, nil)
	findings = prometheus.NewDesc("trailwarden_findings_total", "Findings made.", nil, nil)
	late     = prometheus.NewDesc("trailwarden_late_hits_total", "Records that came too late for the windows of rules that remember.", nil, nil)
	alerts   = prometheus.NewDesc("trailwarden_alerts_total", "Alerts opened.", nil, nil)
	backlog  = prometheus.NewDesc("trailwarden_outbox", "Messages waiting, by sink.", []string{"sink"}, nil)
	paused   = prometheus.NewDesc("trailwarden_sink_paused", "1 while a sink refuses our credentials.", []string{"sink"}, nil)
	own      = prometheus.NewDesc("trailwarden_own_records", "Records of our own calls, which no rule judged, since the last reload.", nil, nil)
	inHand   = prometheus.NewDesc("trailwarden_messages_in_hand", "Deliveries in hand, by source.", []string{"source"}, nil)
	held     = prometheus.NewDesc("trailwarden_messages_held", "Deliveries that were acknowledged and are kept to be tried again, by source.", []string{"source"}, nil)
	refused  = prometheus.NewDesc("trailwarden_refused_total", "Requests that were not accepted: forged, of another topic, without the key, too large.", []string{"source"}, nil)
	failing  = prometheus.NewDesc("trailwarden_source_failing", "1 while a source cannot reach upstream.", []string{"source"}, nil)
	rules    = prometheus.NewDesc("trailwarden_rules", "Rules that judge, by version of the set.", []string{"version"}, nil)
	build    = prometheus.NewDesc("trailwarden_build_info", "The program.", []string{"version"}, nil)
)

// Describe sends nothing: which series there are depends on configuration.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads all counters.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
	}
	l := c.s.live
	judged, duplicates, failed := l.Judged.Load(), l.Duplicates.Load(), l.Failed.Load()
	count(records, l.Received.Load(), "received") // after the others: what is in hand counts here only
	count(records, judged, "judged")
	count(records, duplicates, "duplicate")
	count(records, failed, "failed")
	count(objects, l.Objects.Load())
	count(poisoned, l.Poisoned.Load())
	count(findings, l.Findings.Load())
	count(late, l.Late.Load())
	if o := c.s.parts.Load().Rules.Own(); o != nil {
		gauge(own, float64(o.Count()))
	}
	count(alerts, l.Alerts.Load())
	for reason, n := range l.Ignored.All() {
		count(ignored, n, reason)
	}
	for name, h := range c.s.statuses() {
		count(messages, h.Received, name, "received")
		count(messages, h.Acknowledged, name, "acknowledged")
		count(messages, h.Poisoned, name, "poisoned")
		count(messages, h.Returned, name, "returned")
		count(refused, h.Refused, name)
		gauge(inHand, float64(h.InFlight), name)
		gauge(held, float64(h.Held), name)
		gauge(failing, flag(h.Fault != nil), name)
	}
	for _, st := range c.s.deliver.Status() {
		gauge(paused, flag(st.Paused != ""), st.Sink)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if waiting, err := c.s.store.Backlog(ctx); err == nil {
		for sink, n := range waiting {
			gauge(backlog, float64(n), sink)
		}
	}
	r := c.s.parts.Load().Rules
	gauge(rules, float64(r.Len()), r.Version)
	gauge(build, 1, version())
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
