import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTexts } from '~/i18n'
import styles from './Bits.module.css'
import { Button, IconButton } from './Button'

const shown = 1800

// copyText also works where the browser gives no clipboard: on plain http.
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'sr-only'
    const host = document.activeElement?.closest('dialog') ?? document.body
    host.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

interface Props {
  text: string
  // What it is: "piped key". Said as "Copy piped key".
  what: string
  // With a word beside the icon.
  wordy?: boolean
  onCopied?: () => void
}

export function CopyButton({ text, what, wordy = false, onCopied }: Props) {
  const t = useTexts()
  const [result, setResult] = useState<'copied' | 'failed' | undefined>()
  useEffect(() => {
    if (!result) return
    const timer = setTimeout(() => setResult(undefined), shown)
    return () => clearTimeout(timer)
  }, [result])
  const copy = async () => {
    const done = await copyText(text)
    setResult(done ? 'copied' : 'failed')
    if (done) onCopied?.()
  }
  const label =
    result === 'copied' ? t.common.copied : result === 'failed' ? t.common.copyFailed : t.common.copyWhat(what)
  const icon =
    result === 'copied' ? (
      <Check size={16} aria-hidden="true" className={styles.copied} />
    ) : (
      <Copy size={16} aria-hidden="true" />
    )
  return (
    <>
      {wordy ? (
        <Button onClick={() => void copy()} aria-label={label}>
          {icon}
          {result ? label : t.common.copy}
        </Button>
      ) : (
        <IconButton label={label} icon={icon} onClick={() => void copy()} />
      )}
      <span className="sr-only" role="status">
        {result && label}
      </span>
    </>
  )
}
