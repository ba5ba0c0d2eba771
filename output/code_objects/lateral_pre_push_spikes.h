#ifndef _INCLUDED_lateral_pre_push_spikes
#define _INCLUDED_lateral_pre_push_spikes

void _run_lateral_pre_push_spikes();


#endif
