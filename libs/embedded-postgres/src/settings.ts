/**
 * Small enough for a laptop that also runs six services, and safe: fsync and synchronous commit stay on, since
 * the ledger is money.
 */
const LOCAL_SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  // Paths of sockets are limited to 107 bytes, and homes are deeper than that.
  unix_socket_directories: '',
  max_connections: '250',
  shared_buffers: '64MB',
  huge_pages: 'off',
  jit: 'off',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  // No replica reads from here.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_replication_slots: '0',
  max_logical_replication_workers: '0',
  max_wal_size: '512MB',
  random_page_cost: '1.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  log_min_messages: 'warning',
  cluster_name: 'weir',
}

/** Command line arguments for the local settings with the given ones on top. */
export function settingArguments(overrides: Record<string, string>): string[] {
  return Object.entries({ ...LOCAL_SETTINGS, ...overrides }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
}
