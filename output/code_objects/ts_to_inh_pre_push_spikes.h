#ifndef _INCLUDED_ts_to_inh_pre_push_spikes
#define _INCLUDED_ts_to_inh_pre_push_spikes

void _run_ts_to_inh_pre_push_spikes();


#endif
