-- +goose Up
CREATE TABLE IF NOT EXISTS events (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id VARBINARY(255) NOT NULL,
  event_key  VARBINARY(64) NOT NULL,
  status     INT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  document   LONGTEXT NOT NULL,
  version    BIGINT NOT NULL,
  KEY events_by_key (project_id, event_key, created_at, id),
  KEY events_by_status (project_id, status, created_at, id),
  KEY events_by_project (project_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
