import type { ReactNode } from 'react'
import { useTexts } from '~/i18n'
import styles from './Bits.module.css'

// safeUrl lets only web addresses through: the text comes from Git.
export function safeUrl(url: string): string | undefined {
  try {
    const { protocol } = new URL(url)
    return protocol === 'https:' || protocol === 'http:' ? url : undefined
  } catch {
    return undefined
  }
}

// OutLink leads away, in a new tab; plain text when the address is not one.
export function OutLink({ href, children }: { href: string; children: ReactNode }) {
  const t = useTexts()
  const url = safeUrl(href)
  if (!url) return <>{children}</>
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {children}
      <span className="sr-only"> ({t.common.opensInNewTab})</span>
    </a>
  )
}

const shortHash = 8

// Commit is a commit's hash, linked when Git told where it is shown.
export function Commit({ hash, url, title }: { hash: string; url?: string | undefined; title?: string | undefined }) {
  const text = (
    <span className={styles.commit} title={title ?? hash}>
      {hash.slice(0, shortHash)}
    </span>
  )
  return url ? <OutLink href={url}>{text}</OutLink> : text
}
