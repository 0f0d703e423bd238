import type { Catalog } from '../catalog'

export const live: Catalog['live'] = {
  live: 'ライブ',
  liveHint: '変更はすぐに反映されます。',
  connecting: '接続中…',
  connectingHint: '変更を受け取る接続を開いています。',
  polling: '5 秒ごとに更新',
  pollingHint: '変更を受け取る接続が使えないため、5 秒ごとに問い合わせています。',
  offline: 'オフライン',
  offlineHint: 'コントロールプレーンに接続できません。表示中の内容は古い可能性があります。',
}
