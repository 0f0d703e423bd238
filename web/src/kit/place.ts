export interface Place {
  side?: 'below' | 'above'
  align?: 'start' | 'center' | 'end'
  // At least as wide as what it belongs to.
  match?: boolean
}

const gap = 4
const edge = 8

// place puts a popup beside its anchor, on the other side when there is more
// room, and inside the window. It is set on the element: the page's policy
// allows no style attributes in markup.
export function place(
  anchor: Element,
  popup: HTMLElement,
  { side = 'below', align = 'start', match = false }: Place,
): void {
  const a = anchor.getBoundingClientRect()
  const { style } = popup
  style.minWidth = match ? `${a.width}px` : ''
  style.maxHeight = ''
  const width = popup.offsetWidth
  const height = popup.offsetHeight
  const below = innerHeight - a.bottom - gap - edge
  const above = a.top - gap - edge
  const down = side === 'below' ? height <= below || below >= above : height > above && below > above
  const top = down ? a.bottom + gap : Math.max(edge, a.top - gap - height)
  const left = { start: a.left, center: a.left + (a.width - width) / 2, end: a.right - width }[align]
  style.top = `${top}px`
  style.left = `${Math.max(edge, Math.min(left, document.documentElement.clientWidth - width - edge))}px`
  style.maxHeight = `${Math.max(96, down ? below : above)}px`
}

// keepPlaced places now and whenever the page moves under it.
export function keepPlaced(anchor: Element, popup: HTMLElement, how: Place): () => void {
  const again = () => place(anchor, popup, how)
  again()
  addEventListener('scroll', again, { capture: true, passive: true })
  addEventListener('resize', again, { passive: true })
  return () => {
    removeEventListener('scroll', again, { capture: true })
    removeEventListener('resize', again)
  }
}
