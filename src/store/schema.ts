/** The tables as Kysely sees them. Times are milliseconds since 1970, JSON is text; both databases share one schema. */
import type { ColumnType, Generated } from 'kysely'

/** A column that the table fills when an insert leaves it out. */
type Defaulted<Value> = ColumnType<Value, Value | undefined, Value>

export type Tables = {
  /** values sealed under the master key: signing keys, the salt of pairwise ids */
  sealed_secrets: { name: string; sealed: string; created_at: number }
  clients: { id: string; status: 'active' | 'suspended'; registration: string; changed_at: number }
  /** the words that customers agreed to; JSON, by its hash */
  wordings: { hash: string; words: string; first_at: number }
  /** what the protocol engine keeps; ids are hashes */
  engine_records: {
    model: string
    id_hash: string
    payload: string
    grant_id: string | null
    consumed_at: number | null
    expires_at: number
  }
  consents: {
    /** also the id of the engine's grant */
    id: string
    number: string
    arrangement_id: string
    customer_id: string
    client_id: string
    /** hash of the journey's uid: a finish that runs twice makes one consent */
    journey_hash: string
    status: ConsentStatus
    /** space-separated bank scopes */
    services: string
    /** space-separated OpenID scopes */
    openid_scope: string
    /** JSON: [{ bankAccount, id }] */
    accounts: string
    starts_at: number
    ends_at: number
    granted_at: number
    activated_at: number | null
    ended_at: number | null
    ended_by: string | null
    ended_reason: string | null
    language: string
    wording_version: string
    wording_hash: string
    /** of the words alone, by which they are kept; empty for consents from before they were */
    words_hash: Defaulted<string>
    bank_terms_version: string
    client_terms_version: string
    /** who agreed, as the bank named him at sign-in */
    company_name: Defaulted<string>
    user_name: Defaulted<string>
    signed_in_by: Defaulted<'password' | 'certificate'>
    /** サービス名（提供会社名） as the page showed them; empty for consents from before this was kept */
    client_name: Defaulted<string>
    /** id of the consent that this one renews */
    renews: string | null
    /** JSON: [{ id, at, by, reason }], by the ids of `accounts` */
    stopped_accounts: Defaulted<string>
    /** the last time a token of it opened anything, to the minute */
    last_used_at: number | null
    /** when the bank was last asked whether it may live on */
    checked_at: Defaulted<number>
    /** of how many days before the end the customer was last told */
    reminded_days: number | null
  }
  /** how a journey ends; 許可 is carried out by the request itself or, after a crash, by the sweeper */
  finishing: {
    journey_hash: string
    outcome: 'allow' | 'refuse'
    payload: string
    created_at: number
    done_at: number | null
  }
  /** journeys that hold PINs with the bank, so that dead ones can be released */
  held_pins: { journey_hash: string; customer_id: string; release_at: number }
  /** wrong tries per subject; keys are hashes */
  attempts: {
    subject: string
    failures: number
    pending: number
    pending_at: number
    temporary_locks: number
    locked_until: number
    forgotten_at: number
    /** the subject that it is a part of: one browser's tries, or one network's */
    belongs_to: Defaulted<string | null>
  }
  /** browsers that customers signed in with; keys are hashes */
  known_devices: {
    id: string
    customer: string
    lane: string
    network: string
    /** such as `Chrome on Windows` */
    agent: string
    /** 0 until a sign-in with it was complete */
    signed_in_at: number
    forget_at: number
  }
  tickets: { id_hash: string; expires_at: number }
  /** what one process at a time does for all, who does it, and until when */
  leases: { name: string; holder: string; ends_at: number }
  audit: {
    seq: Generated<number>
    at: number
    event: string
    journey: string | null
    payload: string
    /** what it is searched by; the payload says the same */
    customer: string | null
    client: string | null
    consent: string | null
    /** its place in the chain; null until it is sealed */
    position: number | null
    /** keyed hash of the row in its place */
    mac: string | null
    /** keyed hash over that and all before */
    hash: string | null
  }
  /** where the chain starts and ends, so that rows missing there are missed */
  audit_chain: { name: 'start' | 'end'; position: number; hash: string; mac: string }
  /** what somebody is to be told: an event a fintech, a notice the customer */
  outbox: {
    id: string
    kind: 'event' | 'notice'
    consent_id: string
    client_id: string
    payload: string
    created_at: number
    next_try_at: number
    tries: number
    /** `unwanted`: nobody was there to take it; kept for sandbox clients only */
    state: 'waiting' | 'delivered' | 'dead' | 'unwanted'
    last_error: string | null
    settled_at: number | null
  }
  /** errors that clients got, by the id that stands in them; never a secret, a token or whose customer it was */
  refusals: {
    id: string
    client_id: string
    /** 1: the client had shown that it is the one; 0: somebody said so */
    proven: number
    at: number
    /** the path that was called, without parameters */
    endpoint: string
    error: string
    description: string | null
    /** what the engine would tell its log only */
    detail: string | null
    /** what the parameter said, where that is no secret; shortened */
    value: string | null
    /** where the customer was */
    step: string | null
    /** 受付番号 of the journey */
    journey: string | null
  }
  /** who registered which sandbox client by himself; only in the demo */
  developers: {
    client_id: string
    key_hash: string
    created_at: number
    /** whoever signed in before has to do so again */
    signed_out_at: number
  }
  /** what somebody tries out step by step on the developers' pages: sealed, because tokens are in it */
  developer_tries: { id_hash: string; sealed: string; expires_at: number }
  simulator_customers: { login_id: string; state: string }
  simulator_accounts: { id: string; login_id: string; registered: number }
  simulator_held_pins: { journey: string; account_id: string; login_id: string }
}

export type ConsentStatus = 'granted' | 'active' | 'expired' | 'stopped' | 'replaced' | 'unused'
