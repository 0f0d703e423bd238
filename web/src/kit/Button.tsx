import { ChevronDown } from 'lucide-react'
import { type ComponentProps, type MouseEvent, type ReactNode, useId } from 'react'
import styles from './Button.module.css'
import { cx } from './cx'
import { Menu, type MenuItem } from './Menu'
import { Tooltip } from './Tooltip'

export type Look = 'plain' | 'main' | 'danger' | 'quiet'

interface Common {
  look?: Look
  // Something is under way: shows a spinner and does nothing when pressed.
  busy?: boolean | undefined
  // Why it cannot be pressed. It stays reachable, so that the reason is, too.
  why?: string | undefined
}

export type ButtonProps = Common & Omit<ComponentProps<'button'>, 'disabled'>

// Button does something. To go somewhere, use a link with buttonClass.
export function Button({
  look = 'plain',
  busy,
  why,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const id = useId()
  const off = busy || why !== undefined
  const press = (event: MouseEvent<HTMLButtonElement>) => (off ? event.preventDefault() : onClick?.(event))
  const button = (
    <button
      {...rest}
      type={type}
      aria-describedby={why ? id : rest['aria-describedby']}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      className={cx(buttonClass(look), className)}
      onClick={press}
    >
      {busy && <span className={styles.spinner} aria-hidden="true" />}
      {children}
    </button>
  )
  if (!why) return button
  return (
    <>
      <Tooltip text={why} isLabel>
        {button}
      </Tooltip>
      <span id={id} hidden>
        {why}
      </span>
    </>
  )
}

// buttonClass makes a link look like a button.
export function buttonClass(look: Look = 'plain'): string {
  return cx(styles.button, look !== 'plain' && styles[look])
}

export type IconButtonProps = Common &
  Omit<ComponentProps<'button'>, 'disabled' | 'children'> & { label: string; icon: ReactNode }

// IconButton is a button whose label is shown as a tooltip.
export function IconButton({
  label,
  icon,
  look = 'quiet',
  busy,
  why,
  className,
  onClick,
  type = 'button',
  ...rest
}: IconButtonProps) {
  const off = busy || why !== undefined
  return (
    <Tooltip text={why ?? label} isLabel={!why}>
      <button
        {...rest}
        type={type}
        aria-label={label}
        aria-disabled={off || undefined}
        className={cx(buttonClass(look), styles.icon, className)}
        onClick={event => (off ? event.preventDefault() : onClick?.(event))}
      >
        {busy ? <span className={styles.spinner} aria-hidden="true" /> : icon}
      </button>
    </Tooltip>
  )
}

interface SplitProps extends Common {
  children: ReactNode
  onClick: () => void
  // Of the button that opens the menu.
  menuLabel: string
  items: readonly MenuItem[]
}

// SplitButton has a usual action and, behind the arrow, its variants.
export function SplitButton({ children, onClick, menuLabel, items, look = 'plain', busy, why }: SplitProps) {
  return (
    <span className={styles.split}>
      <Button look={look} busy={busy} why={why} onClick={onClick}>
        {children}
      </Button>
      <Menu
        label={menuLabel}
        items={items}
        align="end"
        trigger={props => (
          <button
            {...props}
            type="button"
            aria-label={menuLabel}
            aria-disabled={busy || why !== undefined || undefined}
            className={buttonClass(look)}
          >
            <ChevronDown size={16} aria-hidden="true" />
          </button>
        )}
        off={busy || why !== undefined}
      />
    </span>
  )
}
