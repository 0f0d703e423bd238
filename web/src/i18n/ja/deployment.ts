import type { Catalog } from '../catalog'

export const deployment: Catalog['deployment'] = {
  title: 'デプロイ',
}
