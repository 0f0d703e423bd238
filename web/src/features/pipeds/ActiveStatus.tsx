import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button } from '~/kit'
import styles from './pipeds.module.css'

type Status = 'enabled' | 'disabled' | undefined

interface Props {
  all: readonly Piped[]
  value: Status
  onChange: (value: Status) => void
}

// ActiveStatus is there when there is something to tell apart.
export function ActiveStatus({ all, value, onChange }: Props) {
  const t = useTexts()
  const f = useFormats()
  const disabled = all.filter(p => p.piped?.disabled).length
  if (disabled === 0 && !value) return null
  const choices: readonly (readonly [Status, string])[] = [
    [undefined, t.pipeds.allOf(f.number(all.length))],
    ['enabled', t.pipeds.enabledOf(f.number(all.length - disabled))],
    ['disabled', t.pipeds.disabledOf(f.number(disabled))],
  ]
  return (
    <fieldset className={styles.filters}>
      <legend className="sr-only">{t.pipeds.active}</legend>
      {choices.map(([id, label]) => (
        <Button key={label} aria-pressed={value === id} onClick={() => onChange(id)}>
          {label}
        </Button>
      ))}
    </fieldset>
  )
}
