import type { Catalog } from '../catalog'

export const errors: Catalog['errors'] = {
  invalid: 'リクエストの内容に誤りがあります',
  notFound: '見つかりません',
  alreadyExists: 'すでに存在します',
  precondition: '現在は実行できません',
  unauthenticated: 'ログインしていません',
  permission: '権限がありません',
  exhausted: 'リクエストが多すぎます',
  unavailable: 'コントロールプレーンに接続できません',
  unimplemented: 'このコントロールプレーンではまだ対応していません',
  internal: 'コントロールプレーンでエラーが発生しました',
  unknown: 'エラーが発生しました',
  unreachable: '応答がありません。ネットワークを確認してください。自動的に再試行します。',
  code: 'コード',
  requestId: 'リクエスト ID',
  oldData: age => `表示中の内容は ${age} のものです。自動的に再試行します。`,
}
