import { useQuery } from '@tanstack/react-query'
import { pipedQuery, pipedTopic, useTopic } from '~/api'
import { Piped_ConnectionStatus } from '~/gen/model/model_pb'
import { useFormats, useTexts } from '~/i18n'
import { Banner } from '~/kit'

// WaitingLine says whether the piped is there yet, and with what.
export function WaitingLine({ pipedId }: { pipedId: string }) {
  const t = useTexts()
  const f = useFormats()
  useTopic(pipedTopic(pipedId))
  const piped = useQuery(pipedQuery(pipedId)).data?.piped
  const online = piped?.status === Piped_ConnectionStatus.ONLINE
  const providers = piped?.platformProviders.length ?? 0
  const repositories = piped?.repositories.length ?? 0
  return (
    <div role="status">
      {online ? (
        <Banner tone="ok" shape="check">
          <b>{t.pipeds.connected}</b>{' '}
          {f.list([
            t.pipeds.versionIs(piped.version),
            t.pipeds.providerCount(providers, f.number(providers)),
            t.pipeds.repositoryCount(repositories, f.number(repositories)),
          ])}
        </Banner>
      ) : (
        <Banner tone="run" shape="ring">
          {t.pipeds.waiting}
        </Banner>
      )}
    </div>
  )
}
