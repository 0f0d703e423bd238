import { type ReactNode, useEffect } from 'react'
import { cx } from './cx'
import styles from './Page.module.css'

interface PageProps {
  title: string
  // Beside the title, quieter: a count, a status.
  note?: ReactNode
  actions?: ReactNode
  // Of the browser's tab, when it should say more than the title.
  tab?: string | undefined
  children: ReactNode
}

// Page is what every page is in: one h1, which gets the focus after navigation,
// and the tab's title.
export function Page({ title, note, actions, tab, children }: PageProps) {
  useEffect(() => {
    document.title = `${tab ?? title} · pipecd`
  }, [tab, title])
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.title}>
          <h1 tabIndex={-1}>{title}</h1>
          {note && <div className={styles.note}>{note}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  )
}

// Panel is a surface on the page.
export function Panel({
  title,
  actions,
  children,
  padded,
}: {
  title?: string
  actions?: ReactNode
  children: ReactNode
  padded?: boolean
}) {
  return (
    <section className={styles.panel} aria-label={title}>
      {(title || actions) && (
        <header className={styles.panelHead}>
          {title && <h2>{title}</h2>}
          {actions}
        </header>
      )}
      {padded ? <div className={cx(styles.padded)}>{children}</div> : children}
    </section>
  )
}
