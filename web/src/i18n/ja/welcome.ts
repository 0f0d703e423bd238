import type { Catalog } from '../catalog'

export const welcome: Catalog['welcome'] = {
  title: 'ようこそ',
}
