-- +goose Up
CREATE INDEX stage_log_journal_by_age ON stage_log_journal (waits, added_at, bytes);
