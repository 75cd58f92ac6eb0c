// Consent managers: the two interfaces of the IAB, Google's consent mode. A
// site's tag has those that it names. They come when they come, so they are
// looked for during ten seconds, never faster than consent.md § 2.1 allows.

import { signal } from './consent'
import { guarded } from './guard'
import { later, stringify } from './native'

const enum Limit {
  Pause = 500, // ms
  Looks = 20,
}

/** Calls use until it returns something truthy, or for ten seconds. */
const look = /* @__PURE__ */ guarded((use: () => unknown, looks: number = Limit.Looks) => {
  if (!use() && looks) later(look, Limit.Pause, use, looks - 1)
})

/**
 * TCF 2.3 (consent.md § 2.2). Counts when the choice was made earlier or just
 * now; while the dialogue is shown the consent bits say nothing. Meta is no
 * vendor of the IAB's list, where 89 was somebody else's: it is provider 89 of
 * Google's additional consent, beside purposes 1, 3, 4 and 7. A publisher's view
 * that the law does not apply is no permission.
 */
const tcf = (): unknown => {
  const api = (window as any).__tcfapi
  if (api)
    api('addEventListener', 2, (data: any, ok: boolean) => {
      if (ok && data.gdprApplies !== false && data.tcfPolicyVersion > 3 && /^(tcl|user)/.test(data.eventStatus))
        signal(
          [1, 3, 4, 7].every(purpose => data.purpose.consents[purpose]) &&
            (data.addtlConsent == null || /^[12]~([\d.]*\.)?89(\.|~|$)/.test(data.addtlConsent)),
          'tcf',
        )
    })
  return api
}

/**
 * GPP (consent.md § 2.3): opt-outs of sale, of sharing and of targeted
 * advertising are 1 when chosen, as is a child's missing consent. The laws
 * behind it let a site send until somebody opts out, so it never grants.
 */
const gpp = (): unknown => {
  const api = (window as any).__gpp
  if (api)
    api('addEventListener', ({ pingData }: any) => {
      if (
        pingData.signalStatus === 'ready' &&
        /(OptOut|Child\w+)":(\[[^\]]*)?1|"Gpc":(true|1)/.test(stringify(pingData.parsedSections))
      )
        signal(false, 'gpp')
    })
  return api
}

/**
 * Google's consent mode (consent.md § 2.5): the calls of gtag lie in the data
 * layer. A default is nobody's answer; an update is. Its grant speaks of data
 * for Google, so it opens the gate only where the site says that its banner
 * names Meta as well.
 */
export const consentMode = (): void => {
  const calls: any[] = Array.from((window as any).dataLayer || [])
  const { ad_storage, ad_user_data } = Object.assign({}, ...calls.map(call => call[0] + call[1] === 'consentupdate' && call[2]))
  if (/denied/.test(ad_storage + ad_user_data)) signal(false, 'consent_mode')
  else if (CONSENT_MODE_GRANTS && ad_storage && ad_user_data) signal(true, 'consent_mode')
}

/** Begins to listen to the consent managers. */
export function listen(): void {
  if (TCF) look(tcf)
  if (GPP) look(gpp)
  if (CONSENT_MODE) look(consentMode)
}
