import type { Catalog } from '../catalog'

export const application: Catalog['application'] = {
  title: 'アプリケーション',
}
