import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { meQuery } from '~/api'
import { addressOf } from '~/features/piped-file'
import { useTexts } from '~/i18n'
import { Tabs } from '~/kit'
import { Code } from './Code'
import styles from './pipeds.module.css'
import { type Place, places, setup } from './setup'

// SetupSteps says how to start a piped, ready to be pasted, for each place.
export function SetupSteps({ pipedId }: { pipedId: string }) {
  const t = useTexts()
  const [place, setPlace] = useState<Place>('binary')
  const me = useQuery(meQuery).data
  const steps = setup(
    place,
    { ...addressOf(me?.address ?? '', location), project: me?.projectId ?? '', piped: pipedId },
    t.pipeds.setup.comment,
  )
  return (
    <section aria-label={t.pipeds.setup.title} className={styles.setup}>
      <h3>{t.pipeds.setup.title}</h3>
      <Tabs
        label={t.pipeds.setup.where}
        value={place}
        onChange={setPlace}
        tabs={places.map(id => ({ id, label: t.pipeds.setup.places[id] }))}
      >
        <ol className={styles.steps}>
          {steps.map(step => (
            <li key={step.id}>
              <p>
                {t.pipeds.setup.steps[step.id]}
                {step.file && <code className={styles.fileName}>{step.file}</code>}
              </p>
              <Code
                text={step.text}
                what={step.file ?? t.pipeds.setup.command}
                yaml={step.file?.endsWith('.yaml') ?? false}
              />
            </li>
          ))}
        </ol>
        {place === 'ecs' || place === 'kubernetes' ? <p className={styles.quiet}>{t.pipeds.setup.replace}</p> : null}
      </Tabs>
    </section>
  )
}
