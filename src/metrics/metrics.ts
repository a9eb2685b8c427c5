/**
 * Every figure of this process by its name: the one module that knows prom-client. A label says what kind of thing happened and
 * for which fintech. It never names a customer, a journey, an account or a token.
 */
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** As they go from one process to another. */
export type Figures = readonly object[]

export type Metrics = ReturnType<typeof createMetrics>

/** From a page out of a warm process to a bank that hardly answers. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** @param process which of several this is; undefined for the only one */
export function createMetrics({ process }: { readonly process?: string } = {}) {
  const registry = new Registry()
  if (process !== undefined) registry.setDefaultLabels({ process })
  const readers: (() => Promise<void>)[] = []

  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) => {
    const one = new Counter({ name, help, labelNames, registers: [registry] })
    return (labels: Record<Label, string>, by = 1): void => one.inc(labels, by)
  }
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) => {
    const one = new Gauge({ name, help, labelNames, registers: [registry] })
    return (labels: Record<Label, string>, value: number): void => one.set(labels, value)
  }
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => {
    const one = new Histogram({ name, help, labelNames, buckets: durations, registers: [registry] })
    return (labels: Record<Label, string>, seconds: number): void => one.observe(labels, seconds)
  }

  return {
    // ---- requests
    request: counter('ninka_http_requests_total', 'Requests answered', [
      'listener',
      'method',
      'route',
      'status',
    ]),
    requestTook: histogram(
      'ninka_http_request_duration_seconds',
      'From the first byte of a request to the last of its answer',
      ['listener', 'method', 'route', 'class'],
    ),
    oauth: counter('ninka_oauth_requests_total', 'Requests of fintechs to the authorization server', [
      'endpoint',
      'client',
      'grant_type',
      'result',
    ]),

    // ---- journeys
    stepReached: counter('ninka_journey_steps_reached_total', 'Journeys that came to a step', [
      'client',
      'step',
    ]),
    stepDone: counter('ninka_journey_steps_done_total', 'Journeys that got a step done', ['client', 'step']),
    journeyEnded: counter('ninka_journeys_ended_total', 'Journeys with a result, and at which step', [
      'client',
      'how',
      'step',
    ]),

    // ---- signing in
    signedIn: counter('ninka_sign_ins_total', 'Customers who signed in', ['visit', 'method', 'challenge']),
    signInFailed: counter('ninka_sign_in_failures_total', 'Sign-ins that failed', [
      'visit',
      'method',
      'reason',
    ]),
    challenge: counter('ninka_challenges_total', 'Extra questions asked and answered', ['visit', 'result']),
    certificate: counter('ninka_certificates_total', 'Client certificates of customers', ['visit', 'result']),
    locked: counter('ninka_locks_total', 'Locks after too many tries', ['what', 'lasting', 'only']),
    lockReleased: counter('ninka_locks_released_total', 'Locks that the staff released', ['what']),

    // ---- consents
    consentGranted: counter('ninka_consents_granted_total', 'Consents given', ['client', 'mode']),
    consentActivated: counter('ninka_consents_activated_total', 'Consents whose code was exchanged', [
      'client',
    ]),
    consentEnded: counter('ninka_consents_ended_total', 'Consents that ended', [
      'client',
      'status',
      'reason',
      'by',
    ]),

    // ---- the audit
    audited: counter('ninka_audit_events_total', 'Rows of the audit, by what they record', ['event']),
    auditUnsealed: gauge('ninka_audit_unsealed_rows', 'Rows of the audit that wait to be sealed'),
    auditChainBroken: gauge('ninka_audit_chain_broken', '1 when the chain of the audit is not whole'),

    // ---- the bank
    bankCall: counter('ninka_bank_calls_total', 'Calls to the bank', ['call', 'result']),
    bankCallTook: histogram('ninka_bank_call_duration_seconds', 'How long a call to the bank took', ['call']),
    bankNotAsked: gauge(
      'ninka_bank_breaker_open',
      '1 while the bank is not asked, because it did not answer',
    ),

    // ---- what goes on without a request
    message: counter('ninka_outbox_messages_total', 'Messages handed over, or tried to be', [
      'kind',
      'result',
    ]),
    outboxWaiting: gauge('ninka_outbox_waiting_messages', 'Messages that wait to be delivered', ['kind']),
    outboxOldest: gauge('ninka_outbox_oldest_message_age_seconds', 'How long the oldest of them has waited', [
      'kind',
    ]),
    swept: counter('ninka_sweeper_rounds_total', 'Rounds of the sweeper'),
    sweptAt: gauge('ninka_sweeper_last_round_timestamp_seconds', 'When its last round ended'),
    sweptRows: counter('ninka_sweeper_rows_total', 'Rows that the sweeper dealt with', ['part']),
    sweepFailed: counter('ninka_sweeper_failures_total', 'Parts of a round that failed', ['part']),
    revocationListEnds: gauge(
      'ninka_revocation_list_expiry_timestamp_seconds',
      'When the revocation list in use ends',
      ['of', 'list'],
    ),

    // ---- the process
    ready: gauge('ninka_ready', '1 while this process wants requests'),
    connections: gauge('ninka_database_connections', 'Connections to PostgreSQL', ['state']),
    connectionsMost: gauge('ninka_database_connections_limit', 'How many there may be'),
    connectionsWaited: gauge('ninka_database_waiting_requests', 'Who waits for one of them'),

    /** Memory, CPU, event loop, garbage collection: of the whole process, so it is for the one who started it to ask. */
    watchProcess: (): void => collectDefaultMetrics({ register: registry }),

    /** `read` sets what is only known when somebody asks; it must neither throw nor take long. */
    onRead(read: () => Promise<void> | void): void {
      readers.push(async () => read())
    },

    contentType: registry.contentType,

    /** All of it, as Prometheus reads it. */
    async text(): Promise<string> {
      await Promise.all(readers.map((read) => read()))
      return registry.metrics()
    },

    /** All of it, for another process. */
    async figures(): Promise<Figures> {
      await Promise.all(readers.map((read) => read()))
      return registry.getMetricsAsJSON()
    },
  }
}

/** The figures of several processes, as Prometheus reads them. */
export const textOf = (all: readonly Figures[]): Promise<string> =>
  AggregatorRegistry.aggregate(all.map((one) => [...one])).metrics()

/** Words of our own only: what somebody else wrote, or has a number in it, is no label. */
export const wordOf = (value: unknown): string =>
  typeof value === 'string' && /^[a-z]+(?:[_-][a-z]+){0,7}$/.test(value) ? value : 'other'
