-- +goose Up
UPDATE deployments SET kind = json_extract(document, '$.kind');
