-- +goose Up
CREATE INDEX signals_by_age ON signals (sent_at);
