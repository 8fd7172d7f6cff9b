import { CreateBudgets1763740100000 } from './1763740100000-create-budgets.js'

/** In the order in which they run. */
export const migrations = [CreateBudgets1763740100000]
