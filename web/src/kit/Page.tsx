import { type ReactNode, useEffect } from 'react'
import { useTexts } from '~/i18n'
import { Banner } from './Banner'
import { cx } from './cx'
import styles from './Page.module.css'
import { RelativeTime } from './Time'

interface PageProps {
  title: string
  // Beside the title, quieter: a count, a status.
  note?: ReactNode
  actions?: ReactNode
  // Of the browser's tab, when it should say more than the title.
  tab?: string | undefined
  // Since when what is shown may be old (useOldSince): it is greyed, and dated.
  oldSince?: number | undefined
  children: ReactNode
}

// Page is what every page is in: one h1, which gets the focus after navigation,
// and the tab's title.
export function Page({ title, note, actions, tab, oldSince, children }: PageProps) {
  useEffect(() => {
    document.title = `${tab ?? title} · pipecd`
  }, [tab, title])
  return (
    <div className={cx(styles.page, oldSince !== undefined && styles.old)}>
      <header className={styles.head}>
        <div className={styles.title}>
          <h1 tabIndex={-1}>{title}</h1>
          {note && <div className={styles.note}>{note}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {oldSince !== undefined && <Old since={oldSince} />}
      {children}
    </div>
  )
}

function Old({ since }: { since: number }) {
  const { errors } = useTexts()
  // The age stands where the language wants it.
  const [before, after] = errors.oldData('\n').split('\n')
  return (
    <div role="status" className={styles.since}>
      <Banner tone="bad" shape="plug">
        <b>{errors.unavailable}.</b> {before}
        <RelativeTime at={since} />
        {after}
      </Banner>
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
