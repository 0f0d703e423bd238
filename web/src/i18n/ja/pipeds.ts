import type { Catalog } from '../catalog'

export const pipeds: Catalog['pipeds'] = {
  title: 'Piped',
}
