import { type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef } from 'react'
import { useTexts } from '~/i18n'
import { cx } from '~/kit'
import styles from './log.module.css'
import { changeSettings, heights, useSettings, within } from './settings'

interface Props {
  title: ReactNode
  full: boolean
  children: ReactNode
}

// LogPanel is the frame of the log. It stands in the page, never over it; its
// lower edge, and Alt with the arrows, make it taller or lower.
export function LogPanel({ title, full, children }: Props) {
  const t = useTexts()
  const { height } = useSettings()
  const panel = useRef<HTMLElement>(null)
  const change = (by: number) => {
    const now = panel.current?.offsetHeight ?? 0
    changeSettings({ height: within(now + by) })
  }
  useEffect(() => {
    const key = (event: globalThis.KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector('dialog[open]')) return
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
      event.preventDefault()
      const now = panel.current?.offsetHeight ?? 0
      changeSettings({ height: within(now + (event.key === 'ArrowUp' ? heights.step : -heights.step)) })
    }
    addEventListener('keydown', key)
    return () => removeEventListener('keydown', key)
  }, [])
  const style = height > 0 && !full ? ({ '--height': `${height}px` } as CSSProperties) : undefined
  return (
    <section
      ref={panel}
      className={cx(styles.panel, full && styles.full)}
      style={style}
      aria-label={t.deployment.log.title}
    >
      <header className={styles.head}>{title}</header>
      {children}
      {!full && <Edge panel={panel} height={height} onChange={change} />}
    </section>
  )
}

interface EdgeProps {
  panel: React.RefObject<HTMLElement | null>
  height: number
  onChange: (by: number) => void
}

function Edge({ panel, height, onChange }: EdgeProps) {
  const t = useTexts()
  const from = useRef<{ y: number; height: number }>(undefined)
  const down = (event: PointerEvent<HTMLElement>) => {
    from.current = { y: event.clientY, height: panel.current?.offsetHeight ?? 0 }
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const move = (event: PointerEvent) => {
    if (from.current) changeSettings({ height: within(from.current.height + event.clientY - from.current.y) })
  }
  const up = () => {
    from.current = undefined
  }
  const key = (event: KeyboardEvent) => {
    if (event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    onChange(event.key === 'ArrowDown' ? heights.step : -heights.step)
  }
  return (
    <div
      role="separator"
      aria-orientation="horizontal"
      aria-label={t.deployment.log.resize}
      aria-valuemin={heights.least}
      aria-valuemax={heights.most}
      aria-valuenow={height || heights.least}
      tabIndex={0}
      className={styles.edge}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onKeyDown={key}
      onDoubleClick={() => changeSettings({ height: 0 })}
    />
  )
}
