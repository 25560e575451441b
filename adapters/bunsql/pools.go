package bunsql

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Collectors are the metrics of the pools (go_sql_…), by db_name: requests, or write and read where these are two, and feed.
func (db *DB) Collectors() []prometheus.Collector {
	feed := collectors.NewDBStatsCollector(db.feed.DB, "feed")
	if db.write.DB == db.read.DB {
		return []prometheus.Collector{collectors.NewDBStatsCollector(db.write.DB, "requests"), feed}
	}
	return []prometheus.Collector{collectors.NewDBStatsCollector(db.write.DB, "write"), collectors.NewDBStatsCollector(db.read.DB, "read"), feed}
}
