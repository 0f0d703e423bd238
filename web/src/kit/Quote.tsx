import { now } from '~/api'
import { piecesOf, shortTime, useFormats, useLanguage } from '~/i18n'
import styles from './Bits.module.css'

// Quote shows words that an agent or the control plane wrote, which are English
// in every language of the page: there they are marked as not the page's own.
// Times in them are shown in the reader's zone.
export function Quote({ children }: { children: string }) {
  const { locale } = useLanguage()
  const f = useFormats()
  let at = 0
  const words = piecesOf(children).map(p => {
    at++
    return typeof p === 'string' ? (
      p
    ) : (
      <time key={at} dateTime={new Date(p).toISOString()} title={f.dateTime(p)}>
        {shortTime(p, now(), f)}
      </time>
    )
  })
  if (locale === 'en') return <>{words}</>
  return (
    <q lang="en" className={styles.quote}>
      {words}
    </q>
  )
}
