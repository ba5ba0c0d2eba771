#ifndef _INCLUDED_mon_ts_pre_push_spikes_before
#define _INCLUDED_mon_ts_pre_push_spikes_before

void _before_run_mon_ts_pre_push_spikes();

#endif
