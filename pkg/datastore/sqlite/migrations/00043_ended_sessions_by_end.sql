-- +goose Up
CREATE INDEX ended_sessions_by_end ON ended_sessions (expires_at);
