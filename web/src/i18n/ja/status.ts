import type { Catalog } from '../catalog'

export const status: Catalog['status'] = {
  sync: {
    unknown: '不明',
    synced: '同期済み',
    deploying: 'デプロイ中',
    outOfSync: '差分あり',
    invalidConfig: '設定エラー',
  },
  deployment: {
    pending: '待機中',
    planned: '計画済み',
    running: '実行中',
    rollingBack: 'ロールバック中',
    success: '成功',
    failure: '失敗',
    cancelled: 'キャンセル済み',
  },
  stage: {
    notStarted: '未開始',
    running: '実行中',
    success: '成功',
    failure: '失敗',
    cancelled: 'キャンセル済み',
    skipped: 'スキップ',
    exited: '途中終了',
    rolledBack: 'ロールバック済み',
    waitingApproval: '承認待ち',
  },
  piped: { unknown: '未接続', online: 'オンライン', offline: 'オフライン', disabled: '無効' },
  command: { waiting: '待機中', succeeded: '完了', failed: '失敗', timeout: 'タイムアウト' },
  kind: { kubernetes: 'Kubernetes', terraform: 'Terraform', lambda: 'Lambda', cloudRun: 'Cloud Run', ecs: 'ECS' },
  strategy: { auto: '同期', quickSync: 'Quick Sync', pipeline: 'Pipeline Sync' },
}
