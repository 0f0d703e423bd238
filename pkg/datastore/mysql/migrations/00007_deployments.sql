-- +goose Up
CREATE TABLE IF NOT EXISTS deployments (
  id               VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id       VARBINARY(255) NOT NULL,
  piped_id         VARBINARY(255) NOT NULL,
  application_id   VARBINARY(255) NOT NULL,
  application_name VARCHAR(255) NOT NULL,
  kind             INT NOT NULL,
  status           INT NOT NULL,
  completed        TINYINT NOT NULL,
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  document         LONGTEXT NOT NULL,
  version          BIGINT NOT NULL,
  KEY deployments_by_time (created_at, id),
  KEY deployments_by_project (project_id, created_at, id, application_name),
  KEY deployments_by_piped (piped_id, created_at, id),
  KEY deployments_by_open (piped_id, completed, created_at, id),
  KEY deployments_by_application (application_id, created_at, id),
  KEY deployments_by_status (project_id, status, created_at, id, application_name),
  KEY deployments_by_kind (project_id, kind, status, created_at, id, application_name),
  KEY deployments_by_change (project_id, updated_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
