#ifndef _INCLUDED_ll_mon_pre_push_spikes_before
#define _INCLUDED_ll_mon_pre_push_spikes_before

void _before_run_ll_mon_pre_push_spikes();

#endif
