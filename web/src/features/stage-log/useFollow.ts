import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

export interface Follow {
  readonly on: boolean
  // Lines that came since following ended.
  readonly fresh: number
  turn(on: boolean): void
  onScroll(): void
}

const nearly = 8 // px

// useFollow keeps the end of a log in view while it is on. Scrolling up turns it
// off; nothing that arrives ever turns it on.
export function useFollow(
  box: RefObject<HTMLElement | null>,
  count: number,
  size: number,
  initially: boolean,
  onTurn: (on: boolean) => void,
): Follow {
  const [on, setOn] = useState(initially)
  const top = useRef(0)
  const left = useRef(count) // lines there were when following ended
  const [, look] = useState(0)

  useLayoutEffect(() => {
    const element = box.current
    if (!on || !element || size === 0) return
    element.scrollTop = element.scrollHeight
    top.current = element.scrollTop
  }, [on, size, box])

  // The box may get larger or smaller, too.
  useEffect(() => {
    const element = box.current
    if (!on || !element || typeof ResizeObserver === 'undefined') return
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight
      top.current = element.scrollTop
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [on, box])

  const turn = useCallback(
    (next: boolean) => {
      left.current = count
      setOn(next)
      onTurn(next)
    },
    [count, onTurn],
  )
  const onScroll = () => {
    const element = box.current
    if (!element) return
    const away = element.scrollHeight - element.scrollTop - element.clientHeight
    if (on && element.scrollTop < top.current - 1 && away > nearly) turn(false)
    // What was scrolled to was seen.
    if (!on && away <= nearly && left.current !== count) {
      left.current = count
      look(n => n + 1)
    }
    top.current = element.scrollTop
  }
  return { on, fresh: on ? 0 : Math.max(0, count - left.current), turn, onScroll }
}
