import { ChevronDown, CircleAlert } from 'lucide-react'
import { type ComponentProps, type ReactNode, useEffect, useId, useRef } from 'react'
import { useTexts } from '~/i18n'
import { cx } from './cx'
import styles from './Field.module.css'

interface Common {
  label: string
  hint?: ReactNode
  // What is wrong with the value, said beside it.
  error?: string | undefined
  // Why nothing can be entered now: "Choose a piped first".
  why?: string | undefined
  // A button inside the field, at its end.
  inside?: ReactNode
  // The control alone, as in a row of filters; its label is told to screen readers.
  compact?: boolean | undefined
}

interface FieldProps extends Common {
  required?: boolean | undefined
  children: (props: ControlProps) => ReactNode
}

export interface ControlProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
  disabled: boolean
  className: string
}

// Field puts label, hint and error around a control.
export function Field({ label, hint, error, why, inside, compact, required = false, children }: FieldProps) {
  const t = useTexts()
  const id = useId()
  const below = why ?? hint
  const described = cx(below ? `${id}-hint` : '', error ? `${id}-error` : '')
  const control = children({
    id,
    'aria-describedby': described || undefined,
    'aria-invalid': error ? true : undefined,
    disabled: why !== undefined,
    className: styles.input ?? '',
  })
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={compact ? 'sr-only' : styles.label}>
        {label}
        {!required && !compact && <span className={styles.optional}>{t.common.optional}</span>}
      </label>
      {inside ? (
        <div className={styles.inside}>
          {control}
          {inside}
        </div>
      ) : (
        control
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          <CircleAlert size={14} aria-hidden="true" />
          {error}
        </p>
      )}
      {below && (
        <p id={`${id}-hint`} className={styles.hint}>
          {below}
        </p>
      )}
    </div>
  )
}

type Controlled<T extends 'input' | 'textarea' | 'select'> = Common &
  Omit<ComponentProps<T>, 'onChange' | 'value' | 'disabled' | 'id'> & {
    value: string
    onChange: (value: string) => void
    mono?: boolean
  }

// useFocusWhenWrong brings the focus to a field that the answer found wrong.
function useFocusWhenWrong<T extends HTMLElement>(error: string | undefined) {
  const ref = useRef<T>(null)
  useEffect(() => {
    if (error) ref.current?.focus()
  }, [error])
  return ref
}

export function TextField({ label, hint, error, why, inside, compact, onChange, mono, ...rest }: Controlled<'input'>) {
  const ref = useFocusWhenWrong<HTMLInputElement>(error)
  return (
    <Field label={label} hint={hint} error={error} why={why} inside={inside} compact={compact} required={rest.required}>
      {p => (
        <input
          {...rest}
          {...p}
          ref={ref}
          className={cx(p.className, mono && styles.mono)}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

export function TextArea({ label, hint, error, why, inside, onChange, mono, ...rest }: Controlled<'textarea'>) {
  const ref = useFocusWhenWrong<HTMLTextAreaElement>(error)
  return (
    <Field label={label} hint={hint} error={error} why={why} inside={inside} required={rest.required}>
      {p => (
        <textarea
          {...rest}
          {...p}
          ref={ref}
          className={cx(p.className, mono && styles.mono)}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

export interface Option {
  value: string
  label: string
  hint?: string | undefined
}

interface SelectProps extends Controlled<'select'> {
  options: readonly Option[]
  // The entry for "nothing chosen".
  placeholder?: string
}

// Select is the browser's own. For more than some twenty entries use Combobox.
export function Select({
  label,
  hint,
  error,
  why,
  inside,
  compact,
  onChange,
  options,
  placeholder,
  mono,
  ...rest
}: SelectProps) {
  const ref = useFocusWhenWrong<HTMLSelectElement>(error)
  return (
    <Field label={label} hint={hint} error={error} why={why} inside={inside} compact={compact} required={rest.required}>
      {p => (
        <div className={styles.select}>
          <select
            {...rest}
            {...p}
            ref={ref}
            className={cx(p.className, mono && styles.mono)}
            onChange={event => onChange(event.target.value)}
          >
            {placeholder !== undefined && <option value="">{placeholder}</option>}
            {options.map(o => (
              <option key={o.value} value={o.value}>
                {o.label}
              </option>
            ))}
          </select>
          <ChevronDown size={16} aria-hidden="true" />
        </div>
      )}
    </Field>
  )
}
