import { CopyButton } from '~/kit'
import styles from './pipeds.module.css'

interface Props {
  text: string
  // What it is, for the copy button and screen readers.
  what: string
  // Colours keys and comments.
  yaml?: boolean
}

// Code is a text to be pasted somewhere, with a button that copies it. It
// scrolls in itself.
export function Code({ text, what, yaml = false }: Props) {
  return (
    <div className={styles.code}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0} aria-label={what} role="group">
        <code>{yaml ? text.split('\n').map(highlighted) : text}</code>
      </pre>
      <div className={styles.codeCopy}>
        <CopyButton text={text} what={what} />
      </div>
    </div>
  )
}

// highlighted splits one line of YAML into key, value and comment.
function highlighted(line: string, at: number) {
  const comment = /^\s*#.*$/.exec(line)
  const pair = /^(\s*(?:- )?)([\w./-]+:)(.*)$/.exec(line)
  return (
    <span key={at}>
      {comment ? (
        <span className={styles.comment}>{line}</span>
      ) : pair ? (
        <>
          {pair[1]}
          <span className={styles.yamlKey}>{pair[2]}</span>
          {pair[3]}
        </>
      ) : (
        line
      )}
      {'\n'}
    </span>
  )
}
