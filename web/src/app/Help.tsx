import { useTexts } from '~/i18n'
import { Dialog, type Shortcut, useShortcuts, useShortcutsEnabled } from '~/kit'
import styles from './Shell.module.css'

const groups: readonly Shortcut['group'][] = ['page', 'lists', 'everywhere']

// Help lists the shortcuts that work where the user is, and turns them off.
export default function Help({ onClose }: { onClose: () => void }) {
  const t = useTexts()
  const all = useShortcuts()
  const [on, setOn] = useShortcutsEnabled()
  const fixed = { keys: 'Ctrl K', label: t.shortcuts.jump, group: 'everywhere' } as const
  return (
    <Dialog open title={t.shortcuts.title} onClose={onClose}>
      <div className={styles.keys}>
        {groups.map(group => {
          const list = [...(group === 'everywhere' ? [fixed] : []), ...all.filter(s => s.group === group)]
          if (list.length === 0) return null
          return (
            <table key={group}>
              <caption>{t.shortcuts[group]}</caption>
              <tbody>
                {list.map(s => (
                  <tr key={s.keys}>
                    <td>{s.label}</td>
                    <td>
                      {s.keys.split(' ').map((k, i) => (
                        <span key={k}>
                          {i > 0 && (s.keys.startsWith('Ctrl') ? ' + ' : ` ${t.shortcuts.after} `)}
                          <kbd className={styles.kbd}>{k}</kbd>
                        </span>
                      ))}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        })}
        <label className={styles.check}>
          <input type="checkbox" checked={on} onChange={event => setOn(event.target.checked)} />
          {t.shell.shortcutsOn}
        </label>
      </div>
    </Dialog>
  )
}
