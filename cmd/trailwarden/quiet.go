package main

import "log/slog"

// quietLog drops what the dispatcher logs: commands say it themselves.
func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
