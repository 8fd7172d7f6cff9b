/** Notified with the topic's name at each publish. */
export const topicOnChannel = 'weir_bus_topic'

/** Notified with the group's name when its members, or what they own, change. */
export const groupOnChannel = 'weir_bus_group'
