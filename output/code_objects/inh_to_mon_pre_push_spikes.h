#ifndef _INCLUDED_inh_to_mon_pre_push_spikes
#define _INCLUDED_inh_to_mon_pre_push_spikes

void _run_inh_to_mon_pre_push_spikes();


#endif
