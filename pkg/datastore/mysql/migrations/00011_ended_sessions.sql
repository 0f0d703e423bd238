-- +goose Up
CREATE TABLE IF NOT EXISTS ended_sessions (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  KEY ended_sessions_by_end (expires_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
