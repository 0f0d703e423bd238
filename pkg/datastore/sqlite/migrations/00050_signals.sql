-- +goose Up
CREATE TABLE signals (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  sender  TEXT    NOT NULL,
  sent_at INTEGER NOT NULL,
  topics  TEXT    NOT NULL
) STRICT;
